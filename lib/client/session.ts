import type { ClientState, Farewell } from '../types/client.ts'
import type { Incoming } from './codec.ts'
import { unanswered } from './errors.ts'
import { type Link, makeLink } from './link.ts'
import type { Mirror } from './mirror.ts'
import { makePushes } from './pushes.ts'
import { type Asking, type Lane, makeLane, makeRequests, type Requests } from './requests.ts'
import type { Settings } from './settings.ts'

/** A connection, while it is made ready, in service, and listened to after that. */
export interface Live {
  readonly link: Link
  /** What makes it ready, apart from what the user sends. */
  readonly lane: Lane
  readonly timers: unknown[]
  /** Since when it is in service; 0 before. */
  servedAt: number
  /** Another one is in service in its place. */
  isRetired: boolean
  /** The server said that it will close it. */
  bye: Farewell | undefined
}

/** What looks after connections needs of the session. It is loaded when it is needed. */
export interface Session extends Settings {
  readonly requests: Requests
  /** Run something later, as long as the connection is there. */
  readonly after: (live: Live, ms: number, run: () => unknown) => void
  readonly isAlive: (live: Live) => boolean
  /** Called when one less is on its way. */
  landed: () => void
  /** Wait no longer for the next attempt. */
  readonly redial: () => void
  readonly onClosed: (run: () => void) => void
}

/**
 * One connection after the other, seen as one: dialled, made ready, and replaced when it is lost or before it is closed.
 */
export const makeSession = (settings: Settings) => {
  const { clock, random, onError, attempt, rolloverMs, openMs, reconnect } = settings
  const main = makeLane()
  const lives = new Set<Live>()
  const watchers = new Set<() => void>()
  let state: ClientState = 'connecting'
  let farewell: Farewell | undefined
  let current: Live | undefined
  let mirror: Mirror | undefined
  let snapshot: unknown
  let resumeToken: unknown
  let isDialling = false
  let attempts = 0
  let waitTimer: unknown
  /** What was last heard of trouble. */
  let complaint = ''

  const isClosed = () => state === 'closed'
  const pushes = makePushes(attempt, () => (isClosed() ? (farewell?.message ?? '') : undefined))
  const requests = makeRequests({
    ...settings,
    mayRecover: () => resumeToken !== undefined,
    changes: (name) => (mirror ? mirror.changing : settings.order).has(name),
    mirror: () => mirror,
    landed: () => session.landed(),
    seen: () => ({ heard: complaint, isHeld: main.isHeld }),
  })
  const { ask, book } = requests

  /** Tell whoever watches, where there is something new. */
  const show = (next = state) => {
    if (next === state && snapshot === mirror?.snapshot) return
    state = next
    snapshot = mirror?.snapshot
    for (const watcher of [...watchers]) attempt(watcher)
  }

  const after: Session['after'] = ({ timers }, ms, run) => void timers.push(clock.setTimeout(run, ms))
  const clear = ({ timers }: Live) => {
    for (const timer of timers) clock.clearTimeout(timer as never)
    timers.length = 0
  }
  const session: Session = {
    ...settings,
    requests,
    after,
    redial: () => redial(),
    onClosed: (run) => void pushes.ends.add(run),
    isAlive: (live) => lives.has(live) && !live.isRetired,
    landed: () => {},
  }
  const caring = async () => (await import('./care.ts')).careOf(session)
  const care = (act: (care: Awaited<ReturnType<typeof caring>>) => unknown) => void caring().then(act).catch(onError)

  const open = (address: [string, string[]]): Promise<Live> =>
    new Promise((resolve, reject) => {
      const link = makeLink(...address, settings, {
        opened: () => resolve(live),
        came: (frame) => came(live, frame),
        closed: (reason) => {
          reject(new Error(reason))
          lost(live, reason)
        },
        problem: onError,
      })
      const live: Live = { link, lane: makeLane(link), timers: [], servedAt: 0, isRetired: false, bye: undefined }
      lives.add(live)
    })

  /** Make a connection and put it into service, in place of one that may still be open. */
  const dial = async (old?: Live): Promise<void> => {
    if (isDialling || isClosed()) return
    isDialling = true
    let live: Live | undefined
    try {
      const { protocol, input, url } = settings
      if (protocol) mirror ??= (await import('./mirror.ts')).mirror(protocol, { input, now: clock.now })
      const token = await settings.nextToken()
      const address: [string, string[]] = settings.isPlain
        ? [url, []]
        : (await import('./address.ts')).addressOf(settings, token?.token)
      if (isClosed()) return
      live = await open(address)
      if (token && settings.tokenBy === 'message') await ask(live.lane, '$token', { token: token.token })
      await makeReady(live, old)
      if (lives.has(live)) serve(live)
      if (token) care(({ renewAt }) => live && renewAt(live, token.expiresAt))
    } catch (error) {
      live?.link.drop()
      if (isClosed()) return
      onError(error)
      // What was begun on the new one is not the state of the old one.
      if (main.isHeld) mirror?.resume(undefined)
      main.isHeld = false
      requests.pump(main)
      if (isFinal(live)) finish(live?.bye)
      else if (current) roll(current, openMs)
    } finally {
      isDialling = false
    }
    if (!current) retry()
  }

  const makeReady = async ({ lane }: Live, old: Live | undefined) => {
    // From here on the new one decides in which state the session is.
    main.isHeld = true
    const taken =
      resumeToken === undefined
        ? undefined
        : await (await import('./takeover.ts')).takeOver(session, lane, resumeToken, old)
    resumeToken = taken?.token
    if (taken) mirror?.resume(taken.state)
    else {
      mirror?.begin()
      book.session++
      book.counted = 0
    }
    const send = (name: string, data: unknown, options?: Asking) => ask(lane, name, data, options)
    await settings.onReady({ recovered: taken !== undefined, send } as never) // typed where it was declared
  }

  const serve = (live: Live) => {
    const old = current
    current = live
    live.servedAt = clock.now()
    main.link = live.link
    main.isHeld = false
    if (old) {
      old.isRetired = true
      clear(old)
      care(({ retire }) => retire(old))
    }
    show('open')
    requests.pump(main)
    // And with the code that is needed where there may be no network.
    care(({ begin }) => begin(live))
    roll(live, rolloverMs * (1 - random() / 10))
  }
  const roll = (live: Live, ms: number) => after(live, ms, () => dial(live))

  const came = (live: Live, frame: Incoming) => {
    const { event, data, id } = frame
    if (event === undefined) {
      if (!requests.answered(frame)) {
        complaint = `No answer to anything: ${JSON.stringify(frame)}`
        onError(new Error(complaint))
      }
    } else if (OWN.includes(event)) {
      if (!live.isRetired) own(live, event, Object(data))
    } else pushes.came(event, data, id)
    show()
  }

  const own = (live: Live, event: string, data: { readonly [name: string]: unknown }) => {
    const { code, message, token } = data
    if (event === '$resume') resumeToken = token
    else if (event === '$state') mirror?.told(data)
    else if (event === '$token') care(({ renew }) => renew(live))
    else if (code === 'GOING_AWAY') {
      // Not all of them in the same moment.
      if (live === current) roll(live, random() * SPREAD_MS)
    } else {
      live.bye = { code: `${code}`, message: `${message}` }
      live.link.drop(live.bye.message)
    }
  }

  const lost = (live: Live, reason: string) => {
    const isCurrent = current === live
    lives.delete(live)
    clear(live)
    live.lane.isOver = true
    complaint = reason
    if (isCurrent) current = main.link = undefined
    requests.lost(live.link, reason)
    requests.pump(main)
    if (!isCurrent || isClosed()) return
    if (clock.now() - live.servedAt > STEADY_MS) attempts = 0
    if (isFinal(live)) return finish(live.bye)
    show('waiting')
    if (!isDialling) retry()
  }

  const retry = () => {
    if (isClosed() || waitTimer !== undefined) return
    if (attempts >= reconnect.attempts) return finish({ code: 'UNAVAILABLE', message: complaint })
    waitTimer = clock.setTimeout(redial, random() * Math.min(reconnect.maxMs, reconnect.baseMs * 2 ** attempts++))
  }
  const redial = () => {
    clock.clearTimeout(waitTimer as never)
    waitTimer = undefined
    if (!current) void dial()
  }

  /** Not every goodbye is for good: some ask the client to come again. */
  const isFinal = (live: Live | undefined) =>
    live?.bye && live.bye.code !== 'UNAVAILABLE' && !(settings.token && live.bye.code === 'UNAUTHENTICATED')

  const finish = (bye?: Farewell) => {
    if (isClosed()) return
    farewell = bye
    clock.clearTimeout(waitTimer as never)
    main.link = undefined
    show('closed')
    for (const request of book.waiting) requests.giveUp(request, 'CLOSED', { heard: bye?.message ?? '' })
    for (const end of pushes.ends) end()
    for (const { link } of lives) link.drop()
  }

  void dial()
  // Beside the first connection, which waits for nothing.
  void import('./check.ts').then(({ problemOf }) => {
    const message = problemOf(settings.given)
    if (message) finish({ code: 'INVALID_ARGUMENT', message })
  }, onError)
  return {
    ask: async (name: string, data: unknown, options?: Asking) => {
      if (isClosed()) throw await unanswered('CLOSED', { name, heard: farewell?.message ?? '' })
      return ask(main, name, data, options)
    },
    pushes,
    can: (name: string, data: unknown) => mirror?.can(name, data) ?? true,
    seen: () => ({ state, snapshot, farewell }),
    subscribe: (watcher: () => void) => {
      // A function of its own, so that one watcher can watch twice.
      const own = () => watcher()
      watchers.add(own)
      return () => void watchers.delete(own)
    },
    close: () => finish(),
  }
}

/** Pushes that are for the client itself. */
const OWN = ['$bye', '$resume', '$state', '$token']
/** After so long in service a connection is worth a quick try again. */
const STEADY_MS = 10_000
const SPREAD_MS = 1_000
