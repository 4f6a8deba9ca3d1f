import { ClientError } from './errors.ts'
import { makeLane } from './requests.ts'
import type { Live, Session } from './session.ts'

/** What happens to a connection in the course of its life, minutes and hours after it was made. */
export const careOf = (session: Session) => {
  const { clock, requests, nextToken, onError, after, isAlive, heartbeatMs, openMs, lingerMs } = session

  /** Say something where nobody else does, and be sure that somebody answers. */
  const watch = (live: Live) => {
    const { link } = live
    const idleMs = clock.now() - link.activeAt
    if (idleMs >= heartbeatMs)
      requests.ask(makeLane(link), '$ping', undefined, { timeoutMs: openMs }).catch((error) => {
        // A refusal is an answer too.
        if (error instanceof ClientError && error.code === 'TIMEOUT') link.drop('A heartbeat was not answered.')
      })
    after(live, idleMs >= heartbeatMs ? heartbeatMs : heartbeatMs - idleMs, () => watch(live))
  }

  /** It is listened to for a while, for what was sent to it before; and as long as something on it has no answer. */
  const retire = (live: Live): void =>
    after(live, lingerMs, () => (requests.on(live.link) === 0 ? live.link.drop() : retire(live)))

  const renewAt = (live: Live, expiresAt: number) => {
    const inMs = expiresAt - clock.now() - LEAD_MS
    // No connection lives longer, and no timer can be longer than 24 days.
    if (isAlive(live) && inMs < DAY_MS) after(live, Math.max(0, inMs), () => renew(live))
  }

  /** Bring the next token. */
  const renew = async (live: Live) => {
    try {
      const next = await nextToken()
      if (!next || !isAlive(live)) return
      await requests.ask(makeLane(live.link), '$token', { token: next.token })
      // One that is over so soon again would be asked for without end.
      if (next.expiresAt > clock.now() + 2 * LEAD_MS) renewAt(live, next.expiresAt)
    } catch (error) {
      onError(error)
    }
  }
  /** It is in service. */
  const begin = (live: Live) => {
    if (isAlive(live)) after(live, heartbeatMs, () => watch(live))
    void import('./words.ts')
    if (watching.has(requests)) return
    watching.add(requests)
    // A window tells when a network is there again, and so does a worker.
    const { addEventListener, removeEventListener } = globalThis as unknown as Listening
    addEventListener?.('online', session.redial)
    session.onClosed(() => removeEventListener?.('online', session.redial))
  }
  return { begin, watch, retire, renewAt, renew }
}

/** So long before its end a token is replaced. */
const LEAD_MS = 60_000
const DAY_MS = 86_400_000

/** The sessions that listen to the network. */
const watching = new WeakSet<object>()

interface Listening {
  readonly addEventListener?: (type: string, listener: () => void) => void
  readonly removeEventListener?: (type: string, listener: () => void) => void
}
