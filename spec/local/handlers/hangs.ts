/** Waits for what never comes, with a timer under way: without one, Node ends the process by itself. */
export default async () => {
  setInterval(() => {}, 60_000)
  return new Promise(() => {})
}
