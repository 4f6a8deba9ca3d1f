import { type Killed, killing } from '../client/killing.ts'

/** A hundred thousand messages, and a kill every second. */
export const kills = (messages = 100_000): Promise<Killed> => {
  let last = performance.now()
  return killing(messages, () => {
    if (performance.now() - last < 1_000) return false
    last = performance.now()
    return true
  })
}
