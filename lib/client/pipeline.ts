import type { Lane, Request } from './lane.ts'
import type { Session } from './live.ts'
import type { Mirror } from './mirror.ts'
import type { Book } from './requests.ts'

/** How messages leave that do not wait for each other: each says how many that count came before it. */
export interface Pipe {
  readonly mayLeave: (lane: Lane, name: string) => boolean
  readonly depOf: (request: Request) => number | undefined
  /** It was given up on its way, and the server counts it all the same. */
  readonly left: (id: string) => void
  /** It was answered though nobody waits for it any more. */
  readonly heard: (id: string | undefined) => void
  /** A message that says nothing of others was settled: one more came before all that wait. */
  readonly settled: (request: Request) => void
  /** Given up, and not answered yet. */
  readonly ghosts: Set<string>
}

/** What a client has whose messages keep an order: the copy of the machine, and the pipeline. */
export const prepare = async (session: Session): Promise<Mirror | undefined> => {
  const { protocol, input, clock, pipeline, requests } = session
  if (pipeline) requests.book.pipe ??= pipeOf(session)
  if (!protocol) return undefined
  const made = (await import('./mirror.ts')).mirror(protocol, { input, now: clock.now })
  const { accepted, refused } = made
  // What follows from an error is loaded, and comes after its frame: whoever watches is told then.
  const show = () => session.show(session.state)
  return Object.assign(made, {
    accepted: (...given: Parameters<typeof accepted>) => {
      accepted(...given)
      show()
    },
    refused: (...given: Parameters<typeof refused>) => {
      refused(...given)
      show()
    },
  })
}

const pipeOf = (session: Session): Pipe => {
  const { requests, main, changes } = session
  const { book } = requests
  const ghosts = new Set<string>()
  const forget = (id = '') => {
    if (ghosts.delete(id)) requests.pump(main)
  }
  return {
    ghosts,
    // Two that name the same count have no order between them: one that changes the state waits for those that do not.
    mayLeave: ({ flying, changing }, name) =>
      flying + ghosts.size < MAX_AHEAD && (flying === changing || !changes(name)),
    // What makes a connection ready goes before all that waits, and those have their counts already.
    depOf: (request) => {
      if (request.lane.isOwn) return undefined
      request.dep ??= changes(request.name) ? book.counted++ : book.counted
      return request.dep
    },
    left: (id) => {
      ghosts.add(id)
      if (session.current) session.after(session.current, GHOST_MS, () => forget(id))
    },
    heard: forget,
    settled: ({ lane, name }) => {
      if (lane.isOwn && changes(name)) shift(book, -1, 1)
    },
  }
}

/** Of those that wait: all whose count is above `from` came after so many more. */
export const shift = (book: Book, from: number, by: number): void => {
  book.counted += by
  for (const other of book.waiting)
    if (other.dep !== undefined && other.session === book.session && other.dep > from) other.dep += by
}

/** A peer has no more messages that count on their way (lib/wire/README.md, `dep`). */
const MAX_AHEAD = 32
/** No function of API Gateway's lives longer (29 s, WebSocket API quotas). */
const GHOST_MS = 30_000
