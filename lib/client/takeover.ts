import type { Lane } from './requests.ts'
import type { Live, Session } from './session.ts'

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
    return Object(await session.requests.ask(lane, '$resume', { token, ...(old && { linger: session.isAlive(old) }) }))
  } catch (error) {
    if (Object(error).code === 'FAILED_PRECONDITION') return undefined
    throw error
  }
}

/** Wait until nothing is on its way on it, or it is lost, or that takes too long. */
const drained = (session: Session, { link }: Live) =>
  new Promise<void>((resolve) => {
    const { clock, openMs, requests } = session
    const stop = () => {
      clock.clearTimeout(timer as never)
      session.landed = () => {}
      resolve()
    }
    const timer = clock.setTimeout(stop, openMs)
    session.landed = () => {
      if (requests.on(link) === 0) stop()
    }
    session.landed()
  })
