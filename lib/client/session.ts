import type { ClientState, Farewell } from '../types/client.ts'
import type { Address } from './address.ts'
import type { Incoming } from './codec.ts'
import { later, unanswered } from './errors.ts'
import { makeLane } from './lane.ts'
import { makeLink } from './link.ts'
import type { Live, Session } from './live.ts'
import type { Mirror } from './mirror.ts'
import { makePushes } from './pushes.ts'
import { type Asking, makeRequests } from './requests.ts'
import type { Settings } from './settings.ts'

/**
 * One connection after the other, seen as one: dialled, made ready, put into service, and replaced when it is lost or
 * before it is closed. `live.ts` has what is kept of them; what follows from losses and age is in `recover.ts` and `care.ts`.
 */
export const makeSession = (settings: Settings) => {
  const { clock, onError, protocol, pipeline } = settings
  const main = makeLane()
  const lives = new Set<Live>()
  let farewell: Farewell | undefined
  let mirror: Mirror | undefined
  let snapshot: unknown
  let resumeToken: unknown

  const closed = () => unanswered('CLOSED', { heard: farewell?.message })
  const pushes = makePushes(onError, () => isClosed() && closed())
  const changes = (name: string) => (mirror ? mirror.changing : settings.order).has(name)
  const requests = makeRequests({
    ...settings,
    changes,
    mirror: () => mirror,
    landed: () => session.landed?.(),
    seen: () => ({ heard: session.heard, isHeld: main.isHeld }),
  })
  const { ask, book, pump } = requests

  const isClosed = () => session.state === 'closed'
  const show = (state: ClientState) => {
    if (state === session.state && snapshot === mirror?.snapshot) return
    session.state = state
    snapshot = mirror?.snapshot
    // The push without a name, which no server sends.
    pushes.came('')
  }
  const clear = ({ timers }: Live) => {
    for (const timer of timers.splice(0)) clock.clearTimeout(timer as never)
  }
  const finish = (bye?: Farewell) => {
    if (isClosed()) return
    farewell = bye
    session.heard = bye?.message ?? ''
    main.isOver = true
    clock.clearTimeout(session.waiting as never)
    show('closed')
    for (const request of book.waiting) requests.giveUp(request, 'CLOSED', { heard: session.heard })
    for (const end of session.ends) end()
    for (const { link } of lives) link.drop()
  }

  const open = ({ url, protocols }: Address): Promise<Live> =>
    new Promise((resolve, reject) => {
      const link = makeLink(url, protocols, settings, {
        opened: () => resolve(live),
        came: (frame) => came(live, frame),
        closed: (reason) => {
          lives.delete(live)
          clear(live)
          live.lane.isOver = true
          session.heard = reason
          const wasCurrent = session.current === live
          if (wasCurrent) session.current = main.link = undefined
          act(({ lost }) => lost(session, live, wasCurrent))
          live.fail(new Error(reason))
        },
        problem: onError,
      })
      const live: Live = { link, lane: makeLane(link), timers: [], fail: reject }
      lives.add(live)
    })

  const dial = async (old?: Live): Promise<void> => {
    // One that is asked to leave may have been replaced by then.
    if (session.isDialling || isClosed() || old !== session.current) return
    session.isDialling = true
    let live: Live | undefined
    let isAnew = false
    try {
      if (protocol || pipeline) mirror ??= await (await later()).prepare(session)
      const address: Address = settings.isPlain
        ? { url: settings.url, protocols: [] }
        : await (await later()).addressOf(session)
      const { token } = address
      if (isClosed()) return
      const since = clock.now()
      const made = await open(address)
      live = made
      const { lane } = made
      if (token && settings.tokenBy === 'message') await ask(lane, '$token', { token: token.token })
      // From here on the new one decides in which state the session is.
      main.isHeld = true
      const taken =
        resumeToken === undefined ? undefined : await (await later()).takeOver(session, lane, resumeToken, old)
      resumeToken = taken?.token
      if (taken) mirror?.resume(taken.state)
      else {
        isAnew = true
        mirror?.begin(since)
        book.session++
        book.counted = 0
      }
      const send = (name: string, data: unknown, options?: Asking) => ask(lane, name, data, options)
      await Promise.race([
        settings.onReady({ recovered: taken !== undefined, send } as never), // typed where it was declared
        new Promise((_, reject) => {
          made.fail = reject
        }),
      ])
      if (lives.has(live)) serve(live, token?.expiresAt)
    } catch (error) {
      live?.link.drop(`${error}`)
      if (isClosed()) return
      // Half made ready it is no state to go on with.
      if (isAnew) resumeToken = undefined
      onError(error)
      // What was begun on the new one is not the state of the old one.
      if (main.isHeld) mirror?.resume(undefined)
    } finally {
      main.isHeld = session.isDialling = false
      pump(main)
      if (!live || session.current !== live) act(({ again }) => again(session, live))
    }
  }

  const serve = (live: Live, expiresAt: number | undefined) => {
    const old = session.current
    session.current = live
    live.servedAt = clock.now()
    main.link = live.link
    if (old) {
      old.isRetired = true
      clear(old)
    }
    show('open')
    act(({ begin }) => begin(session, live, old, expiresAt))
  }

  const came = (live: Live, frame: Incoming) => {
    const { event, data, id } = frame
    if (event === undefined) {
      if (!requests.answered(frame)) {
        session.heard = `Answers nothing: ${JSON.stringify(frame)}`
        onError(new Error(session.heard))
      }
    } else if (OWN.includes(event)) {
      const { code, message, token } = Object(data)
      if (live.isRetired) return
      if (event === '$resume') resumeToken = token
      else if (event === '$state') mirror?.told(data)
      else if (event === '$token' || code === 'GOING_AWAY') act(({ asked }) => asked(session, live, event))
      else {
        live.bye = { code: `${code}`, message: `${message}` }
        live.link.drop(live.bye.message)
      }
    } else pushes.came(event, data, id)
    show(session.state)
  }

  const session: Session = {
    ...settings,
    main,
    requests,
    changes,
    state: 'connecting',
    heard: '',
    attempts: 0,
    ends: pushes.ends,
    mayRecover: () => resumeToken !== undefined,
    dial,
    show,
    finish,
    after: (live, ms, run) => void (lives.has(live) && live.timers.push(clock.setTimeout(run, ms))),
    isAlive: (live) => lives.has(live) && !live.isRetired,
    tell: ({ link }, name, data, options) => ask(makeLane(link), name, data, options),
  }
  /** Loaded when it is needed, and tried again as long as there is no network. */
  const act = (code: (loaded: Awaited<ReturnType<typeof later>>) => void) =>
    void later().then(code, () => clock.setTimeout(() => act(code), 1_000))

  void dial()
  // Beside the first connection, which waits for nothing.
  act(({ check }) => check(session))

  return {
    pushes,
    session,
    send: (name: string, data: unknown, options?: Asking) => ask(main, name, data, options),
    subscribe: (watcher: () => void) => pushes.on('', watcher),
    can: (name: string, data: unknown) => mirror?.can(name, data) ?? true,
    close: () => finish(),
    get state() {
      return session.state
    },
    get snapshot() {
      return snapshot
    },
    get farewell() {
      return farewell
    },
  }
}

/** Pushes that are for the client itself. */
const OWN = ['$bye', '$resume', '$state', '$token']
