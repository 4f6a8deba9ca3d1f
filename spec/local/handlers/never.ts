/** Waits for what nobody does. */
export default async () => new Promise(() => {})
