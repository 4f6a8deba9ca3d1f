import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BroadcastError, broadcast, type Round } from '../../lib/channel/broadcast.ts'
import { latch } from '../kit/wire.ts'
import { delivered, hall, throttled, turn } from './hall.ts'

const test = suite('a broadcast whose time runs out')

const sum = { delivered: 0, gone: 0, throttled: 0, failed: 0, deferred: 0 }
const names = (count: number) => Array.from({ length: count }, (_, index) => `member${index}`)

/** A round of the engine as fan-out has it: a list of members, and what is left over. */
const round = (given: Partial<Round> & Pick<Round, 'members' | 'post'>) => {
  const deferred: string[] = []
  const failures: unknown[] = []
  const sending = broadcast({
    except: new Set(),
    gone: async () => {},
    onFailure: (error) => failures.push(error),
    clock: { wait: async () => {} },
    random: () => 0.5,
    defer: (id) => deferred.push(id),
    ...given,
  })
  return { sending, deferred, failures }
}

test('a post that hangs is given up, its signal aborts, and its place is free for others', async () => {
  const signals: AbortSignal[] = []
  const { sending, failures } = round({
    members: [...names(120), 'last'],
    timeoutMs: 1,
    post: async (id, signal) => {
      if (id === 'last') return delivered
      signals.push(signal)
      return new Promise(() => {})
    },
  })
  assert.equal(await sending, { ...sum, delivered: 1, failed: 120 })
  assert.is(signals.length, 120)
  assert.ok(signals.every(({ aborted }) => aborted))
  assert.is(failures.length, 1)
})

test('an answer that comes after its post was given up counts for nothing', async () => {
  const late = latch()
  const { sending } = round({
    members: ['slow', 'next'],
    timeoutMs: 1,
    post: async (id, signal) => {
      if (id === 'next') {
        // Under way until the other one was given up, and answered.
        await late.passed
        await turn()
        return delivered
      }
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      late.open()
      return delivered
    },
  })
  const { delivered: count, failed } = await sending
  assert.is(count + failed, 2)
  assert.ok(failed >= 1)
})

test('posts that are answered in time share fifty signals', async () => {
  const signals = new Set<AbortSignal>()
  const { sending } = round({
    members: names(1_000),
    post: async (_, signal) => {
      signals.add(signal)
      await turn()
      return delivered
    },
  })
  assert.is((await sending).delivered, 1_000)
  assert.is(signals.size, 50)
})

test('it starts nothing more in the last tenth of its time, waits for what is under way, and defers the rest', async () => {
  let leftMs = 1_000
  const posted: string[] = []
  const { sending, deferred } = round({
    members: names(500),
    remainingMs: () => leftMs,
    post: async (id) => {
      posted.push(id)
      leftMs -= 10
      await turn()
      return delivered
    },
  })
  const sent = await sending
  // From 1,000 ms to the last that is no less than 100 ms.
  assert.equal(sent, { ...sum, delivered: 91, deferred: 409 })
  assert.equal([...posted, ...deferred], names(500))
})

test('of a long time it keeps five seconds', async () => {
  let leftMs = 900_000
  const { sending } = round({
    members: names(500),
    remainingMs: () => leftMs,
    post: async () => {
      leftMs -= 8_950
      return delivered
    },
  })
  assert.equal(await sending, { ...sum, delivered: 101, deferred: 399 })
})

test('whoever waits to be tried again is deferred when the time is over', async () => {
  const controller = new AbortController()
  const { sending, deferred } = round({
    members: names(3),
    signal: controller.signal,
    clock: { wait: () => new Promise(() => {}) },
    post: async (id) => {
      if (id !== 'member1') return delivered
      setImmediate(() => controller.abort())
      return throttled
    },
  })
  assert.equal(await sending, { ...sum, delivered: 2, deferred: 1 })
  assert.equal(deferred, ['member1'])
})

test('a wait that would not end in time is not begun', async () => {
  const { sending, deferred } = round({
    members: ['member0'],
    remainingMs: () => 1_000,
    clock: { wait: () => new Promise(() => {}) },
    post: async () => ({ outcome: 'throttled', retryAfterMs: 1_990 }),
  })
  assert.equal(await sending, { ...sum, deferred: 1 })
  assert.equal(deferred, ['member0'])
})

test('the signal of a broadcast of the server ends it: the rest is deferred, and counted', async () => {
  const controller = new AbortController()
  let posts = 0
  const { say } = await hall({
    members: 500,
    post: async () => {
      if (++posts === 120) controller.abort()
      await turn()
      return delivered
    },
  })
  const { signal } = controller
  assert.equal(await say({ signal }), { ...sum, delivered: 120, deferred: 380 })
  assert.equal(await say({ signal }), { ...sum, deferred: 500 })
})

/** Members in pages, each of which takes longer than a turn of the event loop. */
const pages = async function* (...counts: readonly number[]) {
  for (const [page, count] of counts.entries()) {
    for (let turns = 0; turns < 3; turns++) await turn()
    for (let index = 0; index < count; index++) yield `${page}.${index}`
  }
}

test('when time runs out with the last one of a page, the next page shows whether anybody is left', async () => {
  for (const [counts, deferred] of [
    [[40, 30, 20], 30],
    [[40], 0],
  ] as const) {
    const controller = new AbortController()
    let posts = 0
    const { sending } = round({
      members: pages(...counts),
      signal: controller.signal,
      post: async () => {
        if (++posts === 40) controller.abort()
        return delivered
      },
    })
    assert.equal(await sending, { ...sum, delivered: 40, deferred })
  }
})

test('a store that fails between two pages ends it once those under way are through, and says how many got it', async () => {
  const fault = new Error('the table is gone')
  const { say } = await hall({
    members: 100,
    post: async (_id) => {
      await turn()
      return delivered
    },
    seen: (store) => ({
      ...store,
      memberships: {
        ...store.memberships,
        members: async (_channel, cursor) => {
          if (cursor) throw fault
          return { connectionIds: names(30), cursor: 'more' }
        },
      },
    }),
  })
  const error = await say().catch((reason: unknown) => reason)
  assert.instance(error, BroadcastError)
  const { message, cause, sent } = error as BroadcastError
  assert.is(
    message,
    'The broadcast stopped after 30 deliveries: its next members could not be read (the table is gone).',
  )
  assert.is(cause, fault)
  assert.equal(sent, { ...sum, delivered: 30 })
})

test.run()
