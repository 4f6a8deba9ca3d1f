import { later } from '../store/later.ts'

export { later }

/** The time of tokens, for the messages that come to it. */
export const expiry = later(() => import('./expiry.ts'))
