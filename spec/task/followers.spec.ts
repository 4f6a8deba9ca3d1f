import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { worker } from 'ws-interlock/worker'
import { taskChannel } from '../../lib/store/own-channels.ts'
import { peer, wire } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { placesFor } from '../real/places.ts'
import { open } from '../real/stores.ts'
import { eventOf, gated, stopping, wordsOf } from './plant.ts'
import { press, report, tokenIn } from './press.ts'

const test = suite('task: who follows it')

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())

const WINDOW_MS = 120_000

/** A press with a report that waits, of a client that is there. */
const pressing = async (options: Parameters<typeof press>[0]) => {
  const works = press(options)
  const [ann, bob, cy] = [works.join('ann'), works.join('bob'), works.join('cy')]
  await ann.connect()
  const token = tokenIn((await ann.send(report('1'))).frames)
  const { taskId } = works.jobs[0] as TaskJob
  const tellMe = { action: '$task', id: 'f', data: { taskId } }
  const takeOver = async (one: typeof ann, shown = token) => {
    await one.connect()
    return tokenIn([{ ...Object((await one.send(resuming(shown))).frames[0]), event: '$resume' }])
  }
  const heard = (one: typeof ann) => wordsOf(one.taken().filter((frame) => Object(frame).event === '$task'))
  return { ...works, ann, bob, cy, token, taskId, tellMe, takeOver, heard }
}

const resuming = (token: string) => ({ action: '$resume', id: 'r', data: { token } })

test('whoever takes over is told of the task that the other one began, and of its end, and asks for nothing', async () => {
  const gate = gated(async ({ progress }) => {
    await progress(0.25)
    await progress(0.5)
    return 'well'
  })
  const works = await pressing({ run: gate.run })
  const { ann, bob, cy } = works
  const running = works.take()
  await gate.begun.passed
  await works.lose('ann')
  await works.takeOver(cy, await works.takeOver(bob))
  gate.go.open()
  await running
  assert.equal(works.heard(cy), ['running 0.25', 'running 0.5', 'done well'])
  assert.equal(works.heard(bob), [])
  assert.equal(works.heard(ann), [])
})

test('a step that finds nobody is lost, and a second later they go to the connection that has taken over since', async () => {
  const gate = gated()
  const second = gated()
  const works = await pressing({
    run: async (facts) => {
      await gate.run(facts)
      await facts.progress(0.25)
      await second.run(facts)
      await facts.progress(0.5)
      return 'well'
    },
  })
  const running = works.take()
  await gate.begun.passed
  await works.lose('ann')
  gate.go.open()
  await second.begun.passed
  await works.takeOver(works.bob)
  await works.advance(1_000)
  second.go.open()
  await running
  assert.equal(works.heard(works.bob), ['running 0.5', 'done well'])
})

test('whoever takes over while the end is on its way to the other one is told', async () => {
  const works = await pressing({})
  works.hooks.post = async () => {
    works.hooks.post = async () => {}
    await works.lose('ann')
    await works.takeOver(works.bob)
  }
  assert.is(await works.take(), true)
  assert.equal(works.heard(works.bob), ['done well'])
})

test('who has asked for a task goes on to be told where another connection takes over from it', async () => {
  const gate = gated(async ({ progress }) => {
    await progress(0.5)
    return 'well'
  })
  const works = await pressing({ run: gate.run })
  const { bob, cy, tellMe } = works
  const running = works.take()
  await gate.begun.passed
  await bob.connect()
  const token = tokenIn((await bob.send({ action: 'rest', id: 'x' })).frames)
  await bob.send(tellMe)
  await works.lose('bob')
  await works.takeOver(cy, token)
  gate.go.open()
  await running
  assert.equal(works.heard(cy), ['running 0.5', 'done well'])
  assert.equal(works.heard(bob), [])
  assert.equal(works.heard(works.ann), ['running 0.5', 'done well'])
  assert.equal((await works.store.memberships.members(taskChannel(works.taskId))).connectionIds, [])
})

test('a follower that cannot be reached keeps nothing from the others, and is told when the job comes again', async () => {
  const gate = gated(async ({ progress }) => {
    await progress(0.5)
    return 'well'
  })
  const works = await pressing({ run: gate.run })
  const { ann, bob, cy, tellMe } = works
  const running = works.take()
  await gate.begun.passed
  for (const one of [bob, cy]) {
    await one.connect()
    await one.send(tellMe)
  }
  works.hooks.post = async (id) => {
    if (id === 'bob') throw new Error('bob cannot be reached')
  }
  gate.go.open()
  assert.is(await running, false)
  for (const one of [ann, cy]) assert.equal(works.heard(one), ['running 0.5', 'done well'])
  works.hooks.post = async () => {}
  await works.advance(60_000)
  assert.is(await works.take(2), true)
  assert.equal(works.heard(bob), ['done well'])
  assert.equal(works.heard(cy), [])
  assert.ok(log.some((error) => /bob cannot be reached/.test(String(error))))
})

test('a task that is bound to its client waits for one that takes over, for as long as any may', async () => {
  for (const [backAfterMs, end] of [
    [WINDOW_MS - 5_000, 'done well'],
    [undefined, 'cancelled'],
  ] as const) {
    const gate = backAfterMs === undefined ? stopping() : gated()
    const works = await pressing({ run: gate.run, onDisconnect: 'cancel' })
    const running = works.take()
    await gate.begun.passed
    await works.advance(60_000)
    await works.lose('ann')
    await works.advance(backAfterMs ?? WINDOW_MS)
    assert.is(gate.seen[0]?.signal.aborted, false)
    if (backAfterMs !== undefined) {
      await works.takeOver(works.bob)
      await works.advance(WINDOW_MS)
      // Gone once more, and that counts from now on.
      await works.lose('bob')
      await works.advance(WINDOW_MS / 2)
      assert.is(gate.seen[0]?.signal.aborted, false)
      gate.go.open()
    } else {
      // It was seen to be gone a look after it was.
      await works.advance(10_000)
    }
    assert.is(await running, true)
    const { state, result } = JSON.parse((await works.store.blobs?.get(`task/${works.taskId}/end`)) ?? '')
    assert.is([state, ...(result ? [result] : [])].join(' '), end)
  }
})

test('a task that is bound goes on for as long as anybody follows it', async () => {
  const stops = stopping()
  const works = await pressing({ run: stops.run, onDisconnect: 'cancel' })
  const running = works.take()
  await stops.begun.passed
  await works.bob.connect()
  await works.bob.send(works.tellMe)
  await works.lose('ann')
  await works.advance(3 * WINDOW_MS)
  assert.is(stops.seen[0]?.signal.aborted, false)
  await works.lose('bob')
  await works.advance(WINDOW_MS + 10_000)
  assert.is(await running, true)
  assert.is(stops.seen[0]?.signal.aborted, true)
})

for (const { name, run, place } of placesFor(test))
  run(`${name}: all who follow a task are told its end, and follow it no more`, async () => {
    const { store, end } = open(await place())
    try {
      const line = wire()
      const jobs: TaskJob[] = []
      const queue = tasks({ send: async (job) => void jobs.push(job) })
      const app = ws({ gateway: line.gateway, warn: () => {} })
        .store(store)
        .onConnect(() => accept())
        .task('report', v.object({ pages: v.number() }), { queue }, () => 'well')
        .build()
      const peers = ['ann', 'bob', 'cy'].map((id) => peer(app, line, `${id} ${crypto.randomUUID()}`))
      const [ann, ...others] = peers
      for (const one of peers) await one.connect()
      await ann?.send(report('1'))
      const [job] = jobs
      for (const one of others) await one.send({ action: '$task', id: 'f', data: { taskId: job?.taskId } })
      await worker(app)(eventOf(job))
      for (const one of peers) assert.equal(wordsOf(one.taken()), ['done well'])
      assert.equal((await store.memberships.members(taskChannel(job?.taskId ?? ''))).connectionIds, [])
    } finally {
      await end()
    }
  })

test.run()
