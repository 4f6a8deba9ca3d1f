import fc, { type Arbitrary, type Scheduler } from 'fast-check'
import * as v from 'valibot'
import { accept, type Gateway, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { worker } from 'ws-interlock/worker'
import { assign, setup } from 'xstate'
import { taskChannel } from '../../lib/store/own-channels.ts'
import { peer, wire } from '../kit/wire.ts'
import { type Course, call, type Fault, type Invocation, pass, turn } from '../races/invocation.ts'
import { eventOf } from './plant.ts'

/** Several workers with the same job at once, and its client. */
export interface Contest {
  readonly workers: readonly Entrant[]
  /** The client cancels the task. */
  readonly cancels: boolean
  /** Other connections that ask for it, and are told from then on. */
  readonly asking: readonly Asking[]
  /** Nobody answers on the connection that began it. */
  readonly isGone: boolean
  /** Waits take time: leases end, and sleepers wake up after others have ended the task. Otherwise time stands still. */
  readonly ages: boolean
}

type Asking = 'bob' | 'cy'

interface Entrant {
  readonly attempt: number
  readonly fault: Fault | undefined
  /** What its function comes to. */
  readonly comes: 'well' | 'badly' | 'slowly'
  readonly slow: boolean
}

const fault: Arbitrary<Fault | undefined> = fc.option(
  fc.record({
    at: fc.nat(18),
    times: fc.integer({ min: 1, max: 3 }),
    dies: fc.boolean(),
    lands: fc.constantFrom('never', 'at once', 'later'),
  }),
  { nil: undefined, freq: 2 },
)

const contest = (faults: Arbitrary<Fault | undefined>, ages: Arbitrary<boolean>): Arbitrary<Contest> =>
  fc.record({
    workers: fc.array(
      fc.record({
        attempt: fc.integer({ min: 1, max: 2 }),
        fault: faults,
        comes: fc.constantFrom('well', 'well', 'badly', 'slowly'),
        slow: fc.boolean(),
      }),
      { minLength: 2, maxLength: 3 },
    ),
    cancels: fc.boolean(),
    asking: fc.subarray<Asking>(['bob', 'cy']),
    isGone: fc.boolean(),
    ages,
  })

export const contests = contest(fault, fc.constant(true))
/** Nothing fails and no time passes: what is left are those who work on it at once. */
export const calmContests = contest(fc.constant(undefined), fc.constant(false))

const reporter = setup({
  types: {} as {
    events: { type: 'report'; pages: number } | { type: 'ended'; outcome: string }
    context: { ends: readonly string[] }
  },
}).createMachine({
  initial: 'idle',
  context: { ends: [] },
  states: { idle: {}, busy: {} },
  on: {
    report: '.busy',
    ended: { target: '.idle', actions: assign({ ends: ({ context, event }) => [...context.ends, event.outcome] }) },
  },
})

/** Run a contest, and have the job come again until somebody is done with it. Resolves with what was wrong. */
export const run = async (scheduler: Scheduler, given: Contest): Promise<readonly string[]> => {
  const course: Course = { scheduler, nowMs: Date.UTC(2024, 1, 19), mortal: false }
  const wrongs: string[] = []
  const line = wire()
  const jobs: TaskJob[] = []
  const decided: string[] = []
  const ends = new Set<string>()
  let running = 0
  let most = 0
  const kept = memory({ now: () => course.nowMs })
  const queue = tasks({ send: async (job) => void jobs.push(job) })

  const instance = (who: Invocation, comes: Entrant['comes'] = 'well') => {
    const within =
      <Call extends unknown[], Result>(label: string, perform: (...call: Call) => Promise<Result>) =>
      (...args: Call) =>
        call(course, who, `${label} ${String(args[0])}`, () => perform(...args))
    const { records, memberships, blobs } = kept
    if (!blobs) throw new Error('memory() keeps texts.')
    const store: Store = {
      ...kept,
      records: {
        ...records,
        read: within('read', records.read),
        replace: within('replace', records.replace),
        create: within('create', async (id, record) => {
          const isFirst = await records.create(id, record)
          if (isFirst && id.startsWith('task/')) decided.push(who.name)
          return isFirst
        }),
      },
      memberships: {
        ...memberships,
        join: within('join', memberships.join),
        leave: within('leave', memberships.leave),
        members: within('members of', memberships.members),
      },
      blobs: {
        claim: within('claim', blobs.claim),
        get: within('get', blobs.get),
        put: within('put', async (key, text, seconds) => {
          if (key.endsWith('/end')) ends.add(text)
          return blobs.put(key, text, seconds)
        }),
      },
    }
    const gateway: Gateway = { ...line.gateway, post: within('post to', line.gateway.post) }
    const wait = async (ms: number) => {
      await turn(course, who, `has waited ${ms} ms`)
      if (given.ages || who.calm) course.nowMs += ms
    }
    return ws({ gateway, clock: { now: () => course.nowMs, wait }, random: () => 0.5, warn: () => {} })
      .store(store)
      .protocol(reporter, { internal: ['ended'] })
      .onConnect(() => accept())
      .task(
        'report',
        v.object({ pages: v.number() }),
        { queue, attempts: 2, ended: ({ outcome }) => ({ type: 'ended' as const, outcome }) },
        async ({ progress }) => {
          most = Math.max(most, ++running)
          try {
            await pass(course, who, 'is in its function')
            if (comes === 'slowly') for (let step = 0; step < 4; step++) await progress(step / 4)
            if (comes === 'badly') throw new RangeError('As was asked.')
            return who.name
          } finally {
            if (!who.dead) running--
          }
        },
      )
      .build()
  }

  const calm = invocationOf('calm', undefined, true)
  const app = instance(calm)
  const peers = { ann: peer(app, line, 'ann'), bob: peer(app, line, 'bob'), cy: peer(app, line, 'cy') }
  const { ann, bob } = peers
  for (const one of Object.values(peers)) await one.connect()
  await ann.send({ action: 'report', id: '1', data: { pages: 1 } })
  const [job] = jobs
  if (!job) throw new Error('No job was sent.')
  const { taskId } = job
  if (given.isGone) line.cut('ann')

  const take = (who: Invocation, attempt: number, comes: Entrant['comes']) =>
    worker(instance(who, comes))(eventOf(job, attempt))
  let open = given.workers.length + Number(given.cancels) + given.asking.length
  const over = () => open--
  const invocations = given.workers.map(({ fault, slow }, index) =>
    Object.assign(invocationOf(`worker ${index}`, fault), { slow }),
  )
  for (const [index, { attempt, comes }] of given.workers.entries()) {
    const who = invocations[index] ?? calm
    void turn(course, who, 'begins').then(() => take(who, attempt, comes).then(over))
  }
  const say = async (action: string, who: keyof typeof peers) => {
    const client = invocationOf(`${action} of ${who}`, undefined)
    await turn(course, client, 'speaks')
    const { frames } = await peer(instance(client), line, who).send({ action, id: action, data: { taskId } })
    heard[who].push(...frames)
    over()
  }
  const heard: Record<keyof typeof peers, unknown[]> = { ann: [], bob: [], cy: [] }
  if (given.cancels) void say('$cancel', 'ann')
  for (const who of given.asking) void say('$task', who)
  for (let steps = 0; open > invocations.filter(({ dead }) => dead).length; steps++) {
    if (steps > 5_000) return [...wrongs, 'It does not come to an end.']
    if (scheduler.count() > 0) await scheduler.waitOne()
    await drained()
  }
  // Whatever is left is that of the dead, and lands now.
  while (invocations.some(({ dead }) => dead) && scheduler.count() > 0) {
    await scheduler.waitOne()
    await drained()
  }

  // The job comes again, until somebody is done with it or it is one for a dead-letter queue.
  for (let attempt = 3, isDone = false; !isDone && attempt < 6; attempt++) {
    course.nowMs += 120_000
    const { batchItemFailures } = await take(calm, attempt, 'well')
    isDone = batchItemFailures.length === 0
  }

  const names = ['ann', 'bob', 'cy'] as const
  for (const name of names) heard[name].push(...line.taken(name))
  const { frames } = await bob.send({ action: '$task', id: 'at last', data: { taskId } })
  const all = [...Object.values(heard).flat(), ...frames]
  const told = new Set(all.flatMap(endIn))
  if (decided.length !== 1) wrongs.push(`It was decided by ${decided.join(', ') || 'nobody'}.`)
  const kind = JSON.stringify((await kept.records.read(`task/${taskId}`))?.data)
  if (![...ends].includes(kind)) wrongs.push(`It was decided to have ended as ${kind}.`)
  if (ends.size !== 1) wrongs.push(`It has ended as ${[...ends].join(' and ')}.`)
  if (told.size !== 1) wrongs.push(`It was told to have ended as ${[...told].join(' and ') || 'nothing'}.`)
  const followers = [...(given.isGone ? [] : (['ann'] as const)), ...given.asking]
  // Who began it asks for nothing, and what it is told when it cancels is no answer.
  for (const name of followers)
    if ((name === 'ann' ? heard.ann.filter(isPush) : heard[name]).flatMap(endIn).length === 0)
      wrongs.push(`${name} was not told.`)
  const context = (await kept.records.read('ann'))?.state?.context as { readonly ends: readonly string[] }
  if (!given.isGone && context.ends.length !== 1)
    wrongs.push(`The machine was told ${context.ends.join(', ') || 'nothing'}.`)
  const isCalm = !given.ages && given.workers.every(({ fault }) => !fault)
  if (isCalm && most > 1) wrongs.push(`${most} ran it at once.`)
  const { connectionIds } = await kept.memberships.members(taskChannel(taskId))
  if (isCalm && connectionIds.length > 0) wrongs.push(`${connectionIds.join(', ')} follows what has ended.`)
  for (const name of names)
    if (isCalm && heard[name].filter(isPush).flatMap(endIn).length > 1)
      wrongs.push(`The end was pushed to ${name} twice.`)
  return wrongs
}

const invocationOf = (name: string, fault: Fault | undefined, calm = false): Invocation => ({
  name,
  fault,
  skewMs: 0,
  slow: false,
  calm,
  lifeMs: 900_000,
  killAt: Number.POSITIVE_INFINITY,
  dead: false,
  turns: 0,
})

const isPush = (frame: unknown) => Object(frame).event === '$task'

/** How a frame says that a task has ended, if it does. */
const endIn = (frame: unknown): string[] => {
  const { data } = Object(frame)
  const { state, ...rest } = Object(data)
  return ['done', 'failed', 'cancelled'].includes(state) ? [JSON.stringify([state, rest.result, rest.error])] : []
}

/** Until everybody waits for a turn. */
const drained = () => new Promise<void>((resolve) => setImmediate(resolve))
