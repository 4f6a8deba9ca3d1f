import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { latch, peer } from '../kit/wire.ts'
import { quiet, rejection } from '../protocol/kit.ts'
import { begin, type Facts, gated, plant, turns, wordsOf } from './plant.ts'

const test = suite('task: on its way')

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())

test('each step is told in the order in which it was made, whether or not its function waits for it, and before the end', async () => {
  const works = plant(async ({ progress }) => {
    void progress(0)
    void progress(0.25, 'a quarter')
    void progress(1)
    return 'well'
  })
  await begin(works)
  works.line.taken('ann')
  await works.take()
  assert.equal(wordsOf(works.line.taken('ann')), ['running 0', 'running 0.25 a quarter', 'running 1', 'done well'])
})

test('what is no fraction, or no note, is refused in a sentence, and a refusal that nobody waits for harms nobody', async () => {
  const refused: string[] = []
  const works = plant(async ({ progress }) => {
    const report = progress as (fraction: unknown, note?: unknown) => Promise<void> // what plain JavaScript may pass
    void report(2)
    for (const given of [[-0.1], [1.1], [Number.NaN], ['0.5'], [0.5, 7], [0.5, 'x'.repeat(1_001)]] as const)
      refused.push(String(await rejection(report(...(given as [unknown])))))
    return 'well'
  })
  await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(), true)
  assert.equal(refused, [
    'RangeError: progress() takes a number from 0 to 1, and not -0.1.',
    'RangeError: progress() takes a number from 0 to 1, and not 1.1.',
    'RangeError: progress() takes a number from 0 to 1, and not NaN.',
    'RangeError: progress() takes a number from 0 to 1, and not 0.5.',
    'RangeError: progress() takes a note of up to 1000 characters.',
    'RangeError: progress() takes a note of up to 1000 characters.',
  ])
  await turns()
  assert.equal(wordsOf(works.line.taken('ann')), ['done well'])
})

/** What collects all that nobody holds any more, now. */
const collector = (): (() => void) => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
}

/** A store that counts the calls of its texts, and how often it says who follows. */
const counting = () => {
  const calls: string[] = []
  const store = (kept: Store): Store => {
    const { put, claim, get } = kept.blobs as NonNullable<Store['blobs']>
    const name = (key: string) => key.replace(/^task\/[\w-]+/, '')
    const { memberships } = kept
    return {
      ...kept,
      memberships: {
        ...memberships,
        members: (...given) => {
          calls.push('members')
          return memberships.members(...given)
        },
      },
      blobs: {
        put: (key, ...given) => {
          calls.push(`put ${name(key)}`)
          return put(key, ...given)
        },
        claim,
        get: (key) => {
          calls.push(`get ${name(key)}`)
          return get(key)
        },
      },
    }
  }
  return { calls, store }
}

test('a hundred steps in a second are a hundred posts, and one write and two reads of the store', async () => {
  const { calls, store } = counting()
  const go = latch()
  const halfway = latch()
  const works = plant(
    async ({ progress }) => {
      for (let step = 0; step < 100; step++) await progress(step / 100)
      halfway.open()
      await go.passed
      for (let step = 0; step < 100; step++) await progress(step / 100)
    },
    { store },
  )
  const { taskId } = await begin(works)
  works.line.taken('ann')
  const running = works.take()
  calls.length = 0
  await halfway.passed
  const own = () => calls.filter((call) => ['put /step', 'get /cancel', 'members'].includes(call)).sort()
  // Of the reads one is that of the worker, before it begins.
  assert.equal(own(), ['get /cancel', 'get /cancel', 'members', 'put /step'])
  assert.is(works.line.taken('ann').length, 100)
  await works.advance(4_000)
  // The last step of those is written down while nothing is said.
  assert.is(await works.blobs.get(`task/${taskId}/step`), '{"fraction":0.99}')
  calls.length = 0
  go.open()
  await running
  assert.is(calls.filter((call) => call === 'put /step').length, 0)
  assert.is(works.line.taken('ann').length, 101)
})

test('all who ask for a task are told from then on, and who began it goes on to be told', async () => {
  const gate = gated(async ({ progress }) => {
    await progress(0.5)
    return 'well'
  })
  const works = plant(gate.run)
  const { taskId } = await begin(works)
  const running = works.take()
  await gate.begun.passed
  works.line.taken('ann')
  const cy = peer(works.app, works.line, 'cy')
  for (const one of [works.bob, cy]) {
    await one.connect()
    const { frames } = await one.send({ action: '$task', id: 'f', data: { taskId } })
    assert.equal(frames, [{ action: '$task', id: 'f', data: { taskId, name: 'report', state: 'running' } }])
  }
  gate.go.open()
  await running
  for (const name of ['ann', 'bob', 'cy']) assert.equal(wordsOf(works.line.taken(name)), ['running 0.5', 'done well'])
})

test('a follower that leaves is told no more, and one that is gone costs one post; the others go on to be told', async () => {
  const [halfway, go] = [latch(), latch()]
  const works = plant(async ({ progress }) => {
    for (let step = 0; step < 10; step++) await progress(0.1)
    halfway.open()
    await go.passed
    for (let step = 0; step < 10; step++) await progress(0.2)
    return 'well'
  })
  const { taskId } = await begin(works)
  works.line.taken('ann')
  const cy = peer(works.app, works.line, 'cy')
  for (const one of [works.bob, cy]) {
    await one.connect()
    await one.send({ action: '$task', id: 'f', data: { taskId } })
  }
  const running = works.take()
  await halfway.passed
  for (const name of ['ann', 'bob', 'cy']) assert.is(works.line.taken(name).length, 10)
  await cy.disconnect()
  works.line.cut('bob')
  await works.advance(2_000)
  const before = works.line.posts()
  go.open()
  await running
  // Ten steps and an end for one, and for the other a step and the end: too young to be forgotten, it is still a member.
  assert.is(works.line.posts() - before, 11 + 2)
  assert.is(works.line.taken('ann').length, 11)
})

test('what a step takes is given back once it is told', async () => {
  const gc = collector()
  const grown: number[] = []
  const works = plant(async ({ progress }) => {
    // The first ones make room for themselves.
    for (const steps of [2_000, 20_000]) {
      gc()
      const before = process.memoryUsage().heapUsed
      for (let step = 0; step < steps; step++) await progress(0.5)
      gc()
      grown.push(process.memoryUsage().heapUsed - before)
    }
  })
  await begin(works)
  works.line.cut('ann')
  assert.is(await works.take(), true)
  // 100 bytes of each would be two megabytes.
  assert.ok(Number(grown[1]) < 1_000_000, `${grown[1]} bytes`)
})

test('a client that is gone costs one post, and the task goes on; back again, it finds the result', async () => {
  const works = plant(async ({ progress }) => {
    for (let step = 0; step < 10; step++) await progress(step / 10)
    return 'well'
  })
  const { taskId } = await begin(works)
  works.line.cut('ann')
  const before = works.line.posts()
  assert.is(await works.take(), true)
  // One for the steps, and one for the end.
  assert.is(works.line.posts() - before, 2)
  await works.bob.connect()
  const { frames } = await works.bob.send({ action: '$task', id: 'f', data: { taskId } })
  assert.equal(frames, [{ action: '$task', id: 'f', data: { taskId, name: 'report', state: 'done', result: 'well' } }])
  assert.is(await works.take(undefined, 2), true)
  assert.equal(works.line.taken('bob'), [])
})

test('a step after the end is refused and not told, and one that cannot be told fails nothing', async () => {
  const kept: Facts[] = []
  const works = plant(
    async (facts) => {
      kept.push(facts)
      await facts.progress(0.5)
      return 'well'
    },
    {
      store: (store) => {
        const blobs = store.blobs as NonNullable<Store['blobs']>
        const put: typeof blobs.put = async (key, ...given) => {
          if (key.endsWith('/step')) throw new Error('the store is down')
          return blobs.put(key, ...given)
        }
        return { ...store, blobs: { ...blobs, put } }
      },
    },
  )
  await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(), true)
  assert.equal(log.map(String), ['Error: the store is down'])
  const [facts] = kept
  assert.is(
    String(await rejection(facts?.progress(1) ?? Promise.resolve())),
    'Error: The task has ended, and is no longer on its way.',
  )
  assert.equal(wordsOf(works.line.taken('ann')), ['done well'])
})

test.run()
