import * as v from 'valibot'
import { accept, type Options, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { createMachine } from 'xstate'
import { peer, wire } from '../kit/wire.ts'
import { fakeTime } from '../protocol/kit.ts'

export const Report = v.object({ pages: v.number() })

/** A queue that nobody works on: what was put there, and whether it takes anything. */
export const shelf = () => {
  const jobs: TaskJob[] = []
  const state = { isDown: false }
  const send = async (job: TaskJob) => {
    if (state.isDown) throw new Error('the queue is down')
    jobs.push(job)
  }
  return Object.assign(state, { jobs, queue: tasks({ send }) })
}

interface DeskOptions {
  readonly store?: Store
  readonly options?: Options
  readonly time?: ReturnType<typeof fakeTime>
}

/** An application whose tasks nobody runs, and what its owner is told. */
export const desk = ({ store, options, time = fakeTime() }: DeskOptions = {}) => {
  const line = wire()
  const kept = store ?? memory({ now: time.now })
  const errors: unknown[] = []
  const shelved = shelf()
  const app = ws({ gateway: line.gateway, clock: time, warn: () => {}, ...options })
    .store(kept)
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .task('report', Report, { queue: shelved.queue, attempts: 2, keepMs: 60_000 }, ({ data }) => `${data.pages} pages`)
    .task('echo', v.unknown(), { queue: shelved.queue }, ({ data }) => data)
    .build()
  return { app, line, time, errors, store: kept, shelf: shelved, join: (id?: string) => peer(app, line, id) }
}

/** One report at a time. */
export const one = createMachine({
  id: 'reporter',
  initial: 'idle',
  states: {
    idle: { on: { report: 'busy' } },
    busy: { on: { ended: 'idle' } },
  },
  types: {} as { events: { type: 'report'; pages: number } | { type: 'ended' } },
})

/** The same under a protocol. */
export const orderly = (store: Store, options: Options = {}) => {
  const line = wire()
  const errors: unknown[] = []
  const shelved = shelf()
  const app = ws({ gateway: line.gateway, warn: () => {}, ...options })
    .store(store)
    .protocol(one, { internal: ['ended'] })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .task('report', Report, { queue: shelved.queue, ended: () => ({ type: 'ended' }) }, ({ data }) => data.pages)
    .build()
  return { app, line, errors, store, shelf: shelved, join: (id?: string) => peer(app, line, id) }
}

/** What a reply, or a push, says of a task. */
export const toldBy = (frame: unknown) => Object(Object(frame).data) as { readonly taskId: string }

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export const errorOf = (frame: unknown) =>
  Object(Object(frame).error) as { readonly code?: string; readonly message?: string; readonly details?: unknown }
