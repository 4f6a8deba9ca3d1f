import { type Inside, insideOf } from '../local/inside.ts'
import { inProcess, type Runner } from '../local/runner.ts'
import { routesOf } from '../local/settings.ts'
import { memoryPorts } from '../store/memory.ts'
import type { StorePorts } from '../store/store.ts'
import { workHere } from '../testing/queue.ts'
import { UsageError } from './error.ts'
import type { Failures } from './failures.ts'
import { shown } from './file.ts'
import type { Loaded, Loader } from './load.ts'

export interface Application {
  /** Runs what is loaded; until something is, events wait. */
  readonly runner: Runner
  /** What there is to deploy for it. */
  readonly routes: () => readonly string[]
  readonly exports: () => object
  /**
   * Load the file as it is now. Where that fails the code that runs stays; `false` where a load that was begun later was
   * there first.
   */
  readonly load: () => Promise<boolean>
}

export interface ApplicationOptions {
  readonly file: string
  readonly loader: Loader
  /** Who is told of failures. */
  readonly failures: Failures | undefined
  /** Whether anybody wants to know what an application does inside. */
  readonly isWatched: boolean
  /** Put a store of this process in the place of the application's own. */
  readonly inMemory: boolean
  /** Whether it is to die now and then. */
  readonly isMortal: boolean
  /** What runs the file in place of this process, made anew for each load. */
  readonly isolated: (() => Runner) | undefined
}

/** The code of a file, which can be changed while it runs: what runs already comes to its end on the old code. */
export const applicationOf = (options: ApplicationOptions): Application => {
  const { file, loader, failures, inMemory } = options
  let current: Running | undefined
  const first = awaited<Running>()
  const started: Running[] = []
  /** What connections have left in a store of this process. */
  let kept = inMemory ? memoryPorts() : undefined

  let count = 0
  let latest = 0

  const load = async () => {
    const number = ++count
    const next = await loader.load()
    if (number < latest) return false
    const inside = insideOf(next.handler)
    if (inMemory && !inside) throw new UsageError(noStore(file))
    latest = number
    // In one go: no event comes between the old code and the new, nor between their stores.
    current?.retire()
    if (inside?.ports && (inMemory || isMemory(inside.ports))) kept = handOver(inside.ports, kept)
    if (inside) workHere(inside)
    current = running(next, inside, options)
    started.push(current)
    first.resolve(current)
    return true
  }
  return {
    runner: {
      keepsTime: options.isolated !== undefined,
      run: async (event, context, fate) => {
        const { runner } = current ?? (await first.promise)
        const work = () => runner.run(event, context, fate)
        try {
          return await (failures ? failures.during(event.requestContext.requestId, work) : work())
        } finally {
          loader.look()
        }
      },
      inside: () => insideOf(current?.handler),
      close: async () => {
        loader.close()
        await Promise.all(started.map(({ close }) => close()))
      },
    },
    routes: () => routesOf(current?.handler),
    exports: () => current?.exports ?? {},
    load: () =>
      load().catch((error) => {
        first.reject(error)
        throw error
      }),
  }
}

interface Running extends Loaded {
  readonly runner: Runner
  /** New code takes its place. What runs in it runs on. */
  readonly retire: () => void
  readonly close: () => Promise<void>
}

const running = (next: Loaded, inside: Inside | undefined, options: ApplicationOptions): Running => {
  const { failures, isWatched, isMortal, isolated } = options
  // The same file is loaded there; here it only says what there is to deploy.
  if (isolated) return elsewhere(next, isolated())
  const unheard = failures?.of(inside)
  const runner = inProcess(next.handler, isWatched, isMortal)
  const close = () => {
    const closed = runner.close()
    unheard?.()
    return closed
  }
  return { ...next, runner, retire: close, close }
}

const elsewhere = (next: Loaded, runner: Runner): Running => {
  let under = 0
  let isRetired = false
  // To close is to kill what runs.
  const closeIfIdle = () => {
    if (isRetired && under === 0) runner.close()
  }
  return {
    ...next,
    runner: {
      run: async (event, context, fate) => {
        under++
        try {
          return await runner.run(event, context, fate)
        } finally {
          under--
          closeIfIdle()
        }
      },
      close: runner.close,
    },
    retire: () => {
      isRetired = true
      closeIfIdle()
    },
    close: runner.close,
  }
}

/** Only `memory()` has something to say of Lambda. */
const isMemory = ({ warnOnLambda }: StorePorts) => warnOnLambda !== undefined

/**
 * New code begins with a new `memory()`, and every open connection would have lost its state: so it gets what the old one
 * had. Returns what the next code is to get.
 */
const handOver = (ports: StorePorts, kept: StorePorts | undefined): StorePorts => {
  const { records, memberships, commit, blobs, warnOnLambda } = Object.assign(ports, kept)
  return {
    records,
    memberships,
    ...(commit && { commit }),
    ...(blobs && { blobs }),
    ...(warnOnLambda && { warnOnLambda }),
  }
}

const noStore = (file: string) =>
  `--store memory replaces the store of an application that ws() built; ${shown(file)} exports another handler.`

const awaited = <Value>() => {
  let resolve: (value: Value) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<Value>((fulfil, refuse) => {
    resolve = fulfil
    reject = refuse
  })
  // There may be nobody who waits.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
