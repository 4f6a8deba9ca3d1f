import type { Request } from './lane.ts'
import type { Live, Session } from './live.ts'

/** A connection is lost: what was on its way on it waits for the next one, or fails. */
export const lost = (session: Session, live: Live, wasCurrent: boolean): void => {
  const { requests, resend, main, clock, heard } = session
  const { link, servedAt = 0 } = live
  const kept: Request[] = []
  const mayResend = resend === 'always' || (resend !== 'never' && session.mayRecover())
  for (const request of requests.book.waiting) {
    const { lane } = request
    const isFlying = request.link === link
    if (isFlying && !lane.isOwn && mayResend) {
      requests.land(request)
      request.isMoved = true
      kept.push(request)
      // An answer that comes from elsewhere may find the next connection before the message is sent again there.
      requests.book.flying.set(request.id, request)
    } else if (isFlying || (lane.isOwn && lane.link === link)) requests.giveUp(request, 'LOST', { heard })
  }
  // Before what has never left.
  main.queue.unshift(...kept)
  requests.book.pipe?.ghosts.clear()
  session.landed?.()
  requests.pump(main)
  if (!wasCurrent || session.state === 'closed') return
  session.codec.lost?.()
  if (clock.now() - servedAt > STEADY_MS) session.attempts = 0
  again(session, live)
}

/** There is no connection, or one that could not be replaced: try again, after a while. */
export const again = (session: Session, live: Live | undefined): void => {
  const { clock, random, current, openMs, dial, finish, heard } = session
  if (session.state === 'closed') return
  if (!session.isDialling && isFinal(session, live)) {
    finish(live?.bye)
    return
  }
  if (!current && session.state === 'open') session.show('waiting')
  if (session.isDialling) return
  if (current) {
    session.after(current, openMs, () => dial(current))
    return
  }
  if (session.waiting !== undefined) return
  const { baseMs = 250, maxMs = 30_000, attempts = Number.POSITIVE_INFINITY } = session.reconnect ?? {}
  if (session.attempts >= attempts) {
    finish({ code: 'UNAVAILABLE', message: heard })
    return
  }
  // Full jitter: those who lost their connections together would come back together.
  session.waiting = clock.setTimeout(
    () => redial(session),
    random() * Math.min(maxMs, baseMs * 2 ** session.attempts++),
  )
}

/** Wait no longer. */
export const redial = (session: Session): void => {
  session.clock.clearTimeout(session.waiting as never)
  session.waiting = undefined
  if (!session.current) void session.dial()
}

/** Not every goodbye is for good: some ask the client to come again. */
const isFinal = ({ token }: Session, live: Live | undefined) =>
  live?.bye && live.bye.code !== 'UNAVAILABLE' && !(token && live.bye.code === 'UNAUTHENTICATED')

/** After so long in service a connection is worth a quick try again. */
const STEADY_MS = 10_000
