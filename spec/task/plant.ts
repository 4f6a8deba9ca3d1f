import type { Context, SQSEvent, SQSRecord } from 'aws-lambda'
import * as v from 'valibot'
import { accept, type Gateway, route, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { fakeClock } from 'ws-interlock/testing'
import { runTask, worker } from 'ws-interlock/worker'
import type { TaskFacts } from '../../lib/types/task.ts'
import { latch, peer, wire } from '../kit/wire.ts'

/** What the function of a task is given, as far as specs read it. */
export type Facts = TaskFacts & { readonly server: unknown }
type Run = (facts: Facts) => unknown

export interface PlantOptions {
  readonly onDisconnect?: 'continue' | 'cancel'
  readonly attempts?: number
  readonly codec?: NonNullable<Parameters<typeof ws>[0]>['codec']
  readonly store?: (kept: Store) => Store
}

/**
 * An application whose tasks wait on a shelf, and workers of other instances of it, to whom they are handed by hand. Time
 * passes by `advance` alone.
 */
export const plant = (run: Run, { onDisconnect = 'continue', attempts = 3, codec, store }: PlantOptions = {}) => {
  const { clock, time, advance } = slowTime()
  const line = wire()
  const jobs: TaskJob[] = []
  const held: (readonly [receiptHandle: string, seconds: number])[] = []
  const faults = { holding: false, gone: false }
  const queue = tasks({
    send: async (job) => void jobs.push(JSON.parse(JSON.stringify(job))),
    hold: async ({ receiptHandle }, seconds) => {
      held.push([receiptHandle, seconds])
      if (faults.holding) throw new Error('Nobody may hold it.')
    },
  })
  const kept = memory({ now: clock.now })
  const gateway: Gateway = {
    ...line.gateway,
    info: async () =>
      faults.gone ? undefined : { connectedAt: new Date(0), lastActiveAt: new Date(0), sourceIp: '', userAgent: '' },
  }
  /** Another instance. Its store and its gateway do not answer while it sleeps, and never once it is dead. */
  const instance = (own: Run = run) => {
    const life: Life = { asleep: undefined }
    const living = mortal(life)
    const app = ws({
      gateway: living(gateway),
      clock: time,
      random: () => 0.5,
      warn: () => {},
      ...(codec && { codec }),
    })
      .store(alive(store?.(kept) ?? kept, living))
      .onConnect(() => accept())
      .task('report', v.object({ pages: v.number() }), { queue, attempts, onDisconnect }, (facts) => own(facts))
      .task(
        'count',
        route({ input: v.undefined(), reply: v.number() }),
        { queue, attempts },
        (facts) => own(facts) as 1,
      )
      .build()
    const work = worker(app)
    return {
      app,
      /** Hand a job to it, as the only record of a batch. `true`: done. */
      take: async (job: object | undefined = jobs.at(-1), attempt = 1, lambda?: Context) =>
        (await work(eventOf(job, attempt), lambda)).batchItemFailures.length === 0,
      runTask: runTask(app),
      /** Until what is returned is called. */
      sleep: () => {
        const { passed, open } = latch()
        life.asleep = passed
        return open
      },
      kill: () => {
        life.asleep = new Promise(() => {})
      },
    }
  }
  const first = instance()
  return {
    ...first,
    instance,
    jobs,
    held,
    line,
    clock,
    faults,
    blobs: kept.blobs as NonNullable<Store['blobs']>, // memory() has them
    records: kept.records,
    ann: peer(first.app, line, 'ann'),
    bob: peer(first.app, line, 'bob'),
    advance,
  }
}

/** Time that passes when it is told to, for who waits by it as for who looks. */
export const slowTime = () => {
  const clock = fakeClock()
  const wait = (ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
  return {
    clock,
    time: { now: clock.now, wait },
    /** Timer by timer. */
    advance: async (ms: number) => {
      const until = clock.now() + ms
      await turns()
      while (clock.step(until)) await turns()
      await turns()
    },
  }
}

/** Begin a task, and take the frame that says so. */
export const begin = async ({ ann, jobs }: Pick<ReturnType<typeof plant>, 'ann' | 'jobs'>, action = 'report') => {
  await ann.connect()
  await ann.send({ action, id: `${jobs.length}`, ...(action === 'report' && { data: { pages: 3 } }) })
  const job = jobs.at(-1)
  if (!job) throw new Error('No job was sent.')
  return job
}

export const eventOf = (job: unknown, attempt = 1): SQSEvent => ({
  // A cast, because of a record no more is read.
  Records: [
    {
      messageId: `m${attempt}`,
      receiptHandle: `r${attempt}`,
      body: typeof job === 'string' ? job : JSON.stringify(job),
      attributes: { ApproximateReceiveCount: `${attempt}` },
    } as unknown as SQSRecord,
  ],
})

/** What was told of tasks: a word for each frame. */
export const wordsOf = (frames: readonly unknown[]) =>
  frames.map((frame) => {
    const { event, data } = Object(frame)
    if (event !== '$task') return frame
    const { state, result, error, fraction, note } = data
    const said = result ?? error?.code ?? fraction
    return [state, ...(said === undefined ? [] : [said]), ...(note === undefined ? [] : [note])].join(' ')
  })

/** A function that says when it has begun, and waits to be let on. */
export const gated = (then: (facts: Facts) => unknown = () => 'well') => {
  const begun = latch()
  const go = latch()
  const seen: Facts[] = []
  const run = async (facts: Facts) => {
    seen.push(facts)
    begun.open()
    await go.passed
    return then(facts)
  }
  return { run, begun, go, seen }
}

/** The same, and it stops when it is told to. */
export const stopping = () => {
  const gate = gated()
  const run = async (facts: Facts) => {
    gate.seen.push(facts)
    gate.begun.open()
    await new Promise((_, reject) => facts.signal.addEventListener('abort', () => reject(facts.signal.reason)))
  }
  return { ...gate, run }
}

/** Until all that needs no time is through: stores in memory take turns of the loop and nothing else. */
export const turns = async () => {
  for (let turn = 0; turn < 12; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

export interface Life {
  asleep: Promise<void> | undefined
}

type Living = <Port extends object>(port: Port) => Port

/** Calls that are made, and heard of, while their instance is awake. */
export const mortal =
  (life: Life): Living =>
  <Port extends object>(port: Port) => {
    const calls = Object.entries(port).map(([name, call]) => [
      name,
      async (...given: readonly unknown[]) => {
        await life.asleep
        const answer = await call(...given)
        await life.asleep
        return answer
      },
    ])
    return Object.fromEntries(calls) as Port // the same functions
  }

export const alive = (store: Store, living: Living): Store => ({
  ...store,
  records: living(store.records),
  blobs: living(store.blobs as NonNullable<Store['blobs']>),
})
