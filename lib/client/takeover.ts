import type { Lane } from './lane.ts'
import type { Live, Session } from './live.ts'

/** What the server gave for a token: the next one, and the state that the session is in. */
export interface Taken {
  readonly token: unknown
  readonly state: unknown
}

/**
 * Go on where another connection was. `undefined` where that is not to be had any more, and the session begins anew.
 *
 * `old`: that one may still be open, and is listened to for a while. What is on its way on it is waited for, since the
 * server answers nothing there any more.
 */
export const takeOver = async (
  session: Session,
  lane: Lane,
  token: unknown,
  old: Live | undefined,
): Promise<Taken | undefined> => {
  if (old) await drained(session, old)
  try {
    const shown = { token, key: keyOf(session, token), ...(old && { linger: session.isAlive(old) }) }
    return Object(await session.requests.ask(lane, '$resume', shown))
  } catch (error) {
    if (Object(error).code === 'FAILED_PRECONDITION') return undefined
    throw error
  }
}

/** The same as long as the token is: the answer to it may be lost with the connection, and it is shown on the next one. */
const keyOf = (session: Session, token: unknown): string => {
  const last = keys.get(session)
  if (last && last.token === token) return last.key
  const key = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(36)).join('')
  keys.set(session, { token, key })
  return key
}

const keys = new WeakMap<Session, { readonly token: unknown; readonly key: string }>()

/** Wait until nothing is on its way on it, or it is lost, or that takes too long. */
const drained = (session: Session, { link }: Live) =>
  new Promise<void>((resolve) => {
    const { clock, openMs, requests } = session
    const stop = () => {
      clock.clearTimeout(timer as never)
      session.landed = undefined
      resolve()
    }
    const timer = clock.setTimeout(stop, openMs)
    session.landed = () => {
      if (requests.on(link) === 0) stop()
    }
    session.landed()
  })
