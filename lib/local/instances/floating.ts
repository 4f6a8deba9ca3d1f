import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import { beginningOf } from './place.ts'

/** Something that a handler began and did not wait for. */
export interface Left {
  readonly kind: 'timer' | 'immediate' | 'request' | 'file'
  /** Where it was begun, where that is known: `server.ts:12:3`. */
  readonly place?: string
}

export interface Floating {
  /** Do the work, and watch what is begun in it. */
  readonly during: <Result>(work: () => Promise<Result>) => Promise<Result>
  /** What of that is still under way. */
  readonly left: () => readonly Left[]
}

/**
 * Watch for work that floats: timers and immediates that hold the process, HTTP requests without an answer, files that are
 * being read or written. The sockets that a client keeps open are none of it. Nor are the timers and files of a package: it
 * keeps house for itself, and whoever calls it cannot wait for that. Nor is a timer of which somebody said `unref()`, for
 * nobody is to wait for it.
 */
export const floating = (): Floating => {
  const current = new AsyncLocalStorage<Begun>()
  let begun: Begun = new Map()
  const note: Note = (key, kind, isUnderWay) => {
    const mine = current.getStore()
    // What an earlier invocation left, and what that begins now, was told of at its time.
    if (mine && mine === begun && !mine.has(key)) mine.set(key, { kind, isUnderWay, at: new Error() })
  }
  const done: Done = (key) => {
    begun.delete(key)
  }
  watchTimers(note, done)
  watchFiles(note, done)
  watchRequests(note, done)
  return {
    during: (work) => {
      begun = new Map()
      return current.run(begun, work)
    },
    left: () =>
      [...begun.values()].flatMap(({ kind, isUnderWay, at }) => {
        if (!isUnderWay()) return []
        const { place, isPackages, isNodes } = beginningOf(at.stack ?? '')
        // Node itself puts off a part of much that it does.
        if (kind === 'immediate' && isNodes) return []
        return kind !== 'request' && isPackages ? [] : [{ kind, ...(place !== undefined && { place }) }]
      }),
  }
}

type Begun = Map<
  unknown,
  {
    readonly kind: Left['kind']
    readonly isUnderWay: () => boolean
    /** Its stack is put together only where somebody wants to read it. */
    readonly at: Error
  }
>
type Note = (key: unknown, kind: Left['kind'], isUnderWay: () => boolean) => void
type Done = (key: unknown) => void

const watchTimers = (note: Note, done: Done) =>
  createHook({
    init: (id, type, _, resource) => {
      if (type === 'Timeout') note(id, 'timer', () => (resource as NodeJS.Timeout).hasRef())
      if (type === 'Immediate') note(id, 'immediate', () => (resource as NodeJS.Immediate).hasRef())
    },
    // Cleared, or fired for the last time.
    destroy: done,
  }).enable()

const watchFiles = (note: Note, done: Done) =>
  createHook({
    init: (id, type) => {
      // Ids of what is a file are never those of a timer, which may run and be under way still.
      if (type === 'FSREQPROMISE' || type === 'FSREQCALLBACK') note(`file ${id}`, 'file', () => true)
    },
    after: (id) => done(`file ${id}`),
  }).enable()

const watchRequests = (note: Note, done: Done) => {
  const on = (channel: string, hear: (request: object) => void) =>
    subscribe(channel, (message) => hear((message as { readonly request: object }).request))
  const begin = (request: object) => note(request, 'request', () => !Reflect.get(request, 'destroyed'))
  // Newer Nodes have the first, which knows who made the request.
  for (const channel of ['http.client.request.created', 'http.client.request.start']) on(channel, begin)
  on('undici:request:create', begin)
  // Many read no further than the status, and what comes after it is no work of theirs.
  for (const channel of ['http.client.response.finish', 'undici:request:headers', 'undici:request:error'])
    on(channel, done)
}
