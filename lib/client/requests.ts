import type { PeerError } from '../errors.ts'
import type { Incoming } from './codec.ts'
import { type About, later, RemoteError, type Unanswered, unanswered } from './errors.ts'
import type { Lane, Request } from './lane.ts'
import type { Link } from './link.ts'
import type { Mirror } from './mirror.ts'
import type { ClientClock } from './options.ts'
import type { Pipe } from './pipeline.ts'

/** By what messages leave, and what becomes of them. */
export interface Rules {
  readonly clock: ClientClock
  readonly random: () => number
  readonly timeoutMs: number
  readonly resend?: 'recovered' | 'always' | 'never'
  readonly maxQueue: number
  /** Whether a message may change the state. */
  readonly changes: (name: string) => boolean
  readonly mirror: () => Mirror | undefined
  /** What can be seen of why a message has no answer. */
  readonly seen: () => About
  /** One less is on its way. */
  readonly landed: () => void
}

/** How an answer is waited for. */
export interface Asking {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly step?: (progress: unknown) => void
}

/** What is asked, what is on its way, and in which order it may leave. */
export interface Requests {
  readonly ask: (lane: Lane, name: string, data?: unknown, options?: Asking) => Promise<unknown>
  /** Let leave what may leave. */
  readonly pump: (lane: Lane) => void
  /** A reply, an error or a step has come. `false`: to nothing that was asked. */
  readonly answered: (frame: Incoming) => boolean
  /** It is on its way no more. `false`: it was not. */
  readonly land: (request: Request) => boolean
  /** How many are on their way on a connection. */
  readonly on: (link: Link) => number
  /** It will have no answer. */
  readonly giveUp: (request: Request, code: Unanswered, about?: About) => void
  /** The server refused it, or would. */
  readonly refuse: (request: Request, error: PeerError) => void
  readonly book: Book
  readonly write: (request: Request, link: Link) => void
}

/** Everything that waits for an answer. */
export interface Book {
  readonly waiting: Set<Request>
  readonly flying: Map<string, Request>
  /** Raised where the server knows nothing of the session before. */
  session: number
  /** Messages that count, sent so far in this session. */
  counted: number
  /** With `{ pipeline: true }`. */
  pipe?: Pipe
}

export const makeRequests = (rules: Rules): Requests => {
  const { clock, resend, maxQueue, changes, mirror } = rules
  const waiting = new Set<Request>()
  const flying = new Map<string, Request>()
  const book: Book = { waiting, flying, session: 0, counted: 0 }
  let lastId = 0

  const ask: Requests['ask'] = (lane, name, data, { timeoutMs = rules.timeoutMs, signal, step } = {}) =>
    new Promise((resolve, reject) => {
      let timer: unknown
      const watch = () => {
        clock.clearTimeout(timer as never)
        timer = clock.setTimeout(late, timeoutMs)
      }
      const late = () => giveUp(request, 'TIMEOUT', { limit: timeoutMs, ...rules.seen(), request })
      const abort = () => {
        doubt(request)
        fail(request, signal?.reason)
      }
      const request: Request = {
        name,
        data,
        id: `${++lastId}`,
        lane,
        step: (progress) => {
          watch()
          step?.(progress)
        },
        resolve,
        reject,
        end: (settle) => {
          if (!waiting.delete(request)) return
          for (const one of [timer, request.wake]) clock.clearTimeout(one as never)
          signal?.removeEventListener('abort', abort)
          if (!land(request) && lane.queue.includes(request)) lane.queue.splice(lane.queue.indexOf(request), 1)
          settle()
          pump(lane)
          rules.landed()
        },
      }
      waiting.add(request)
      if (signal?.aborted) return abort()
      if (lane.isOver) return giveUp(request, lane.isOwn ? 'LOST' : 'CLOSED', rules.seen())
      if (!lane.link && lane.queue.length >= maxQueue) return giveUp(request, 'QUEUE_FULL', { limit: maxQueue })
      signal?.addEventListener('abort', abort)
      watch()
      lane.queue.push(request)
      pump(lane)
    })

  const giveUp: Requests['giveUp'] = (request, code, about) => {
    const { name, link, end, reject } = request
    doubt(request)
    end(() => void unanswered(code, { name, link, ...about }).then(reject))
  }
  const doubt = ({ name, link, id }: Request) => {
    if (!link) return
    mirror()?.refused({ code: 'UNKNOWN' }, name)
    book.pipe?.left(id)
  }
  const fail = ({ end, reject }: Request, error: unknown) => end(() => reject(error))
  const refuse = (request: Request, error: PeerError) => fail(request, new RemoteError(request.name, error))

  /** It is on its way no more. */
  const land = (request: Request) => {
    const { lane, name, id, link } = request
    flying.delete(id)
    if (!link) return false
    lane.flying--
    if (changes(name)) lane.changing--
    request.link = undefined
    return true
  }

  // One that may change the state leaves alone, and the others wait for it: the server runs them in any order.
  const mayLeave = (lane: Lane, { name }: Request) =>
    book.pipe ? book.pipe.mayLeave(lane, name) : !lane.changing && (!lane.flying || !changes(name))

  const pump: Requests['pump'] = (lane) => {
    for (;;) {
      const [request] = lane.queue
      const { link } = lane
      if (!request || !link || lane.isHeld || lane.isOver || !mayLeave(lane, request)) return
      lane.queue.shift()
      const { name, data, session } = request
      const isOld = session !== undefined && session !== book.session
      const refusal = mirror()?.refusal(name, data)
      if (isOld && resend !== 'always') giveUp(request, 'LOST')
      // One that is sent again in the same session may have been applied before.
      else if (refusal && !lane.changing && session !== book.session) refuse(request, refusal)
      else {
        if (isOld) request.dep = undefined
        request.session = book.session
        request.link = link
        lane.flying++
        if (changes(name)) lane.changing++
        write(request, link)
      }
    }
  }

  const write = (request: Request, link: Link) => {
    const { name: action, data, id } = request
    flying.set(id, request)
    const dep = book.pipe?.depOf(request)
    link.send({ action, id, dep, data }, (error) => fail(request, error))
  }

  const answered: Requests['answered'] = (frame) => {
    const request = flying.get(frame.id ?? '')
    // What was given up may be answered yet.
    if (!request || (frame.action ?? request.name) !== request.name) {
      book.pipe?.heard(frame.id)
      return Number(frame.id) <= lastId
    }
    const { name, data, id, session, step, end, resolve } = request
    const { error, progress } = frame
    if (progress !== undefined) step(progress)
    else if (error) {
      // The first answer counts. What follows from a refusal is loaded with the first one.
      flying.delete(id)
      void later().then(
        ({ refused }) => refused(requests, rules, request, error),
        () => refuse(request, error),
      )
    } else {
      // What an old connection still answers is no news of the state of the one that began anew.
      if (session === book.session) mirror()?.accepted(name, data, id)
      book.pipe?.settled(request)
      end(() => resolve(frame.data))
    }
    return true
  }

  const requests: Requests = {
    ask,
    pump,
    answered,
    write,
    book,
    land,
    on: (link) => [...waiting].filter((request) => request.link === link).length,
    giveUp,
    refuse,
  }
  return requests
}
