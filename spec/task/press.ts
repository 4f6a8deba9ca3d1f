import * as v from 'valibot'
import { accept, type Gateway, type Store, type TaskEnd, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { worker } from 'ws-interlock/worker'
import { assign, setup } from 'xstate'
import { peer, wire } from '../kit/wire.ts'
import { eventOf, type Facts, slowTime } from './plant.ts'

/** One report at a time. It counts how they ended. */
const reporter = setup({
  types: {} as {
    events: { type: 'report'; pages: number } | { type: 'rest' } | { type: 'ended'; outcome: string }
    context: { ends: readonly string[] }
  },
}).createMachine({
  id: 'reporter',
  initial: 'idle',
  context: { ends: [] },
  states: {
    idle: { on: { report: 'reporting', rest: 'resting' } },
    reporting: {
      on: {
        ended: {
          target: 'idle',
          actions: assign({ ends: ({ context, event }) => [...context.ends, event.outcome] }),
        },
      },
    },
    resting: { on: { rest: 'idle' } },
  },
})

interface PressOptions {
  readonly run?: (facts: Facts) => unknown
  readonly onDisconnect?: 'continue' | 'cancel'
  readonly ended?: (end: TaskEnd) => { type: 'ended'; outcome: string }
  readonly store?: (kept: Store) => Store
  readonly mirror?: boolean
}

const SECRET = 'a secret of at least 32 characters'

/** An application of one report at a time, and a worker of another instance. */
export const press = ({ run = () => 'well', onDisconnect, ended, store, mirror = false }: PressOptions = {}) => {
  const line = wire()
  /** Who is not there, and what happens before a post. */
  const missing = new Set<string>()
  const hooks = { post: async (_id: string): Promise<void> => {} }
  const gateway: Gateway = {
    ...line.gateway,
    post: async (id, ...given) => {
      await hooks.post(id)
      return line.gateway.post(id, ...given)
    },
    info: async (id) =>
      missing.has(id)
        ? undefined
        : { connectedAt: new Date(0), lastActiveAt: new Date(0), sourceIp: '', userAgent: '' },
  }
  const { clock, time, advance } = slowTime()
  const kept = memory({ now: time.now })
  const jobs: TaskJob[] = []
  const ends: TaskEnd[] = []
  const queue = tasks({ send: async (job) => void jobs.push(JSON.parse(JSON.stringify(job))) })
  const end = (given: TaskEnd) => {
    ends.push(given)
    return ended ? ended(given) : { type: 'ended' as const, outcome: given.outcome }
  }
  const build = () =>
    ws({ gateway, clock: time, random: () => 0.5, warn: () => {} })
      .store(store?.(kept) ?? kept)
      .protocol(reporter, { internal: ['ended'], resume: resume({ secret: SECRET }), mirror })
      .onConnect(() => accept())
      .task(
        'report',
        v.object({ pages: v.number() }),
        { queue, attempts: 2, onDisconnect: onDisconnect ?? 'continue', ended: end },
        (facts) => run(facts),
      )
      .on('rest', v.undefined(), () => {})
      .build()
  const app = build()
  const work = worker(build())
  return {
    app,
    jobs,
    ends,
    line,
    hooks,
    clock,
    advance,
    store: kept,
    join: (id: string) => peer(app, line, id),
    /** Nobody is there any more, and AWS says so. */
    lose: async (id: string) => {
      line.cut(id)
      missing.add(id)
      await peer(app, line, id).disconnect()
    },
    take: async (attempt = 1, job: object | undefined = jobs.at(-1)) =>
      (await work(eventOf(job, attempt))).batchItemFailures.length === 0,
    stateOf: async (id: string) => (await kept.records.read(id))?.state?.value,
  }
}

export const tokenIn = (frames: readonly unknown[]) => {
  const [token] = frames.flatMap((frame) => {
    const { event, data } = Object(frame)
    return event === '$resume' ? [data.token as string] : []
  })
  if (token === undefined) throw new Error('No token was given.')
  return token
}

export const report = (id: string) => ({ action: 'report', id, data: { pages: 3 } })
