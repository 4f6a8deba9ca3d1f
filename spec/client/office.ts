import * as v from 'valibot'
import { accept, NotFoundError, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { store } from 'ws-interlock/store'
import { memory } from 'ws-interlock/store/memory'
import { memoryTasks } from 'ws-interlock/task/memory'
import { fakeClock } from 'ws-interlock/testing'
import { setup } from 'xstate'
import type { TaskFacts } from '../../lib/types/task.ts'
import { latch } from '../kit/wire.ts'

const Report = v.object({ pages: v.number() })

/** Reports without an order. Replies to messages of the names in `held` wait until `reply()`, and so many questions fail. */
export const office = () => {
  const { began, cancelled, turn, report } = press()
  const held = new Set<string>()
  const failing = { questions: 0 }
  const door = latch()
  const clock = fakeClock(Date.now())
  const { records, memberships, commit, blobs } = memory({ now: clock.now })
  const get = async (key: string) => {
    // What a question reads first, and nobody else does.
    if (failing.questions > 0 && !key.slice('task/'.length).includes('/')) {
      failing.questions--
      throw new Error('the store is down')
    }
    return blobs?.get(key)
  }
  const app = ws({ warn: () => {} })
    .store(store({ records, memberships, ...(commit && { commit }), ...(blobs && { blobs: { ...blobs, get } }) }))
    .use(async (context, next) => {
      const name = context.phase === 'message' ? context.name : ''
      await next()
      if (held.has(name)) await door.passed
    })
    .onConnect(() => accept())
    .task('report', Report, { queue: memoryTasks() }, report)
    .task('index', Report, { queue: memoryTasks() }, report)
    .on('ping', () => 'pong')
    // Some of these fail on purpose.
    .onError(() => {})
    .build()
  return { app, clock, began, cancelled, turn, held, failing, reply: door.open }
}

/** One report at a time. */
export const oneMachine = setup({
  types: { events: {} as { type: 'report'; pages: number } | { type: 'file' } | { type: 'reported' } },
}).createMachine({
  id: 'one',
  version: '1',
  initial: 'idle',
  states: {
    idle: { on: { report: 'reporting' } },
    reporting: { on: { file: 'reporting', reported: 'idle' } },
  },
})

/** The same under a protocol. `file` may change the state, and waits until `filed()`. */
export const strictOffice = ({ resumes = false } = {}) => {
  const { began, cancelled, turn, report } = press()
  const door = latch()
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(oneMachine, {
      internal: ['reported'],
      mirror: true,
      ...(resumes && { resume: resume({ secret: 'x'.repeat(32), windowMs: 120_000 }) }),
    })
    .onConnect(() => accept())
    .task('report', Report, { queue: memoryTasks(), ended: () => ({ type: 'reported' }) }, report)
    .on('file', () => door.passed)
    .build()
  return { app, began, cancelled, turn, filed: door.open }
}

/** Prints a page after the other: before each but the first it waits for `turn()`. There are nine. */
const press = () => {
  const began: string[] = []
  const cancelled: string[] = []
  let door = latch()
  let isOpen = false
  return {
    began,
    cancelled,
    /** To the next page; or to all that follow. */
    turn: (all = false) => {
      isOpen ||= all
      door.open()
      door = latch()
    },
    report: async (context: TaskFacts & { readonly data: { readonly pages: number } }) => {
      const { taskId, data, progress, signal } = context
      const { pages } = data
      began.push(taskId)
      signal.addEventListener('abort', () => {
        cancelled.push(taskId)
        door.open()
      })
      if (pages > 9) throw new NotFoundError('There are nine pages.', { details: { pages: 9 } })
      for (let page = 1; page <= pages; page++) {
        await progress(page / pages, `page ${page}`)
        if (!isOpen) await door.passed
        signal.throwIfAborted()
      }
      return { pages, printed: new Date(0) }
    },
  }
}
