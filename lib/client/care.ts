import { nextToken } from './address.ts'
import type { Live, Session } from './live.ts'
import { redial } from './recover.ts'

/** What happens to a connection in the course of its life, minutes and hours after it was made. */
export const careOf = (session: Session) => {
  const { clock, random, requests, onError, after, isAlive, dial, openMs } = session
  const { heartbeatMs = 300_000, rolloverMs = 6_600_000, lingerMs = 5_000 } = session

  /** It is in service, in place of an old one. */
  const begin = (live: Live, old: Live | undefined, tokenExpiresAt: number | undefined) => {
    if (old) retire(old)
    if (!isAlive(live)) return
    // Infinity is never, and a timer would be over at once.
    if (heartbeatMs < Number.POSITIVE_INFINITY) after(live, heartbeatMs, () => watch(live))
    if (rolloverMs < Number.POSITIVE_INFINITY) after(live, rolloverMs * (1 - random() / 10), () => dial(live))
    if (tokenExpiresAt !== undefined) renewAt(live, tokenExpiresAt)
    listen()
  }

  /** Another one is to be in its place: not all clients in the same moment. */
  const leave = (live: Live): void =>
    after(live, random() * SPREAD_MS, () => {
      // It is asked to before it is in service.
      if (session.isDialling) after(live, SPREAD_MS, () => leave(live))
      else dial(live)
    })

  /** It is listened to for a while, for what was sent to it before; and as long as something on it has no answer. */
  const retire = (live: Live): void =>
    after(live, lingerMs, () => (requests.on(live.link) === 0 ? live.link.drop() : retire(live)))

  /** Say something where nobody else does, and be sure that somebody answers. */
  const watch = (live: Live) => {
    const { link } = live
    const idleMs = clock.now() - link.activeAt
    // Where the clock was set back nobody can tell.
    const isIdle = idleMs < 0 || idleMs >= heartbeatMs
    if (isIdle)
      session.tell(live, '$ping', undefined, { timeoutMs: openMs }).catch((error) => {
        // A refusal is an answer too.
        if (error.code === 'TIMEOUT') link.drop('A heartbeat was not answered.')
      })
    after(live, isIdle ? heartbeatMs : heartbeatMs - idleMs, () => watch(live))
  }

  const renewAt = (live: Live, expiresAt: number) => {
    const leftMs = expiresAt - clock.now()
    // One that lives under two minutes is replaced when half of that is over.
    const inMs = Math.max(leftMs - LEAD_MS, leftMs / 2, LEAST_MS)
    ends.set(live, expiresAt)
    const due = () => ends.get(live) === expiresAt && renew(live)
    // No connection lives longer, and no timer can be longer than 24 days.
    if (inMs < DAY_MS) after(live, inMs, due)
  }

  /** Bring the next token. */
  const renew = async (live: Live) => {
    try {
      const next = await nextToken(session)
      if (!next || !isAlive(live)) return
      const { expiresAt = next.expiresAt } = Object(await session.tell(live, '$token', { token: next.token }))
      // Where it was a text alone the server knows when it ends.
      if (isAlive(live)) renewAt(live, next.expiresAt < Number.POSITIVE_INFINITY ? next.expiresAt : expiresAt)
    } catch (error) {
      onError(error)
    }
  }

  /** A window tells when a network is there again, and so does a worker. */
  const listen = () => {
    const { addEventListener, removeEventListener } = globalThis as unknown as Listening
    if (listening.has(requests) || !addEventListener || !removeEventListener) return
    listening.add(requests)
    const back = () => redial(session)
    addEventListener('online', back)
    session.ends.add(() => removeEventListener('online', back))
  }
  /** The server asks for something. */
  const asked = (live: Live, event: string) => (event === '$token' ? renew(live) : leave(live))
  return { begin, asked }
}

interface Listening {
  readonly addEventListener?: (type: string, listener: () => void) => void
  readonly removeEventListener?: (type: string, listener: () => void) => void
}

/** The sessions that listen to the network. */
const listening = new WeakSet<object>()

/** When the token of a connection ends: one that was brought earlier, since the server asked, is not brought again. */
const ends = new WeakMap<Live, number>()

/** So long before its end a token is replaced. */
const LEAD_MS = 60_000
/** One that is over already is not asked for without a pause. */
const LEAST_MS = 1_000
const DAY_MS = 86_400_000
const SPREAD_MS = 1_000
