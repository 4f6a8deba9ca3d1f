/** Waits for what never comes, with a timer under way: otherwise the process would end by itself. */
export default async () => {
  setInterval(() => {}, 60_000)
  return new Promise(() => {})
}
