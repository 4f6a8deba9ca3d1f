import type { PeerError } from '../errors.ts'
import type { Request, Requests, Rules } from './requests.ts'

/**
 * The server has refused a message. Where nothing ran and it is worth it, the same message is sent again, in its place
 * and with its id; otherwise whoever asked is told.
 *
 * Those that depend on it (`dep`) are told where it does not count: the server never counted it.
 */
export const refused = (requests: Requests, rules: Rules, request: Request, error: PeerError): void => {
  const { book, write, refuse } = requests
  const { clock, random, changes, resend, mirror } = rules
  const { name, link, dep } = request
  const { code, details, retryAfterMs = 0 } = error
  const others = [...book.waiting].filter(({ session, dep }) => session === book.session && dep !== undefined)
  const uncount = (count: number) => {
    if (dep === undefined || request.session !== book.session) return
    book.counted -= count
    for (const other of others) if (other.dep !== undefined && other.dep > dep) other.dep -= count
  }
  if (code !== 'UNAVAILABLE' || resend === 'never') {
    if (NEVER_RAN.includes(code) && changes(name)) uncount(1)
    // The state that was taken over has it in it, where it was applied before that. Nobody here can tell.
    if (request.session === book.session)
      mirror()?.refused(code === 'ALREADY_EXISTS' ? { ...error, code: 'UNKNOWN' } : error, name)
    refuse(request, error)
    return
  }
  // The first of those on their way waits for messages that will never come: they were given up, and lost on their way.
  const { settled } = Object(details) as { readonly settled?: unknown }
  if (
    typeof settled === 'number' &&
    dep !== undefined &&
    settled < dep &&
    others.every((other) => Number(other.dep) >= dep)
  ) {
    uncount(dep - settled)
    request.dep = settled
  }
  // What is no wait, or longer than any timer keeps, would be no wait at all.
  const waitMs = retryAfterMs > 0 ? Math.min(retryAfterMs, DAY_MS) : Math.round(random() * RETRY_MS)
  request.wake = clock.setTimeout(() => {
    if (link && request.link === link) write(request, link)
  }, waitMs)
}

const RETRY_MS = 200
const DAY_MS = 86_400_000
/** With these codes no handler ran. */
const NEVER_RAN = ['INVALID_ARGUMENT', 'UNIMPLEMENTED']
