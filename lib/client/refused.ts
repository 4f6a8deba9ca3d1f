import type { PeerError } from '../errors.ts'
import type { Request } from './lane.ts'
import { shift } from './pipeline.ts'
import type { Requests, Rules } from './requests.ts'

/**
 * The server has refused a message. Where nothing ran and it is worth it, the same message is sent again, in its place
 * and with its id; otherwise whoever asked is told.
 *
 * Those that depend on it (`dep`) are told where it does not count: the server never counted it. One that was applied
 * (`applied`) counts as any other.
 */
export const refused = (requests: Requests, rules: Rules, request: Request, error: PeerError): void => {
  const { book, write, refuse } = requests
  const { clock, random, changes, resend, mirror } = rules
  const { name, data, id, link, dep } = request
  const { code, details, retryAfterMs = 0, applied } = error
  // Given up while this was loaded.
  if (!book.waiting.has(request)) return
  const { tries = 0 } = request
  const { settled } = Object(details) as { readonly settled?: unknown }
  const isOurs = request.session === book.session
  if (applied) {
    if (isOurs) mirror()?.accepted(name, data, id)
    book.pipe?.settled(request)
    refuse(request, error)
    return
  }
  const waits = dep !== undefined && typeof settled === 'number' && settled < dep
  if ((code !== 'UNAVAILABLE' && !waits) || resend === 'never' || (!waits && tries >= MAX_TRIES)) {
    if (isOurs && changes(name)) {
      if (dep !== undefined && NEVER_RAN.includes(code)) shift(book, dep, -1)
      if (dep === undefined && !NOT_SETTLED.includes(code)) book.pipe?.settled(request)
    }
    // The state that was taken over has it in it, where it was applied before that. Nobody here can tell.
    if (isOurs) mirror()?.refused(code === 'ALREADY_EXISTS' ? { ...error, code: 'UNKNOWN' } : error, name)
    refuse(request, error)
    return
  }
  // The first of those on their way waits for messages that will never come: they were given up, and lost on their way.
  const isFirst = ![...book.waiting].some((other) => other.session === book.session && Number(other.dep) < Number(dep))
  if (waits && isOurs && isFirst && !book.pipe?.ghosts.size) {
    // And with it those that wait for the same.
    shift(book, dep - 1, settled - dep)
  }
  // What is no wait, or longer than any timer keeps, would be no wait at all.
  const waitMs = retryAfterMs > 0 ? Math.min(retryAfterMs, DAY_MS) : Math.round(random() * RETRY_MS)
  request.tries = tries + 1
  request.wake = clock.setTimeout(
    () => {
      if (link && request.link === link) write(request, link)
    },
    // A handler that says so itself may have run, and is not to be run again and again.
    waits ? waitMs : Math.max(waitMs, Math.min(waitMs * 2 ** tries, MAX_WAIT_MS)),
  )
}

/** So often a message is sent again of which the server says that nothing ran; then whoever asked is told. */
const MAX_TRIES = 8
const MAX_WAIT_MS = 5_000
const RETRY_MS = 200
const DAY_MS = 86_400_000
/** With these codes no handler ran. */
const NEVER_RAN = ['INVALID_ARGUMENT', 'UNIMPLEMENTED']
/** With these a message that says nothing of others is not counted. */
const NOT_SETTLED = [...NEVER_RAN, 'UNAVAILABLE', 'FAILED_PRECONDITION', 'ALREADY_EXISTS']
