import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  type CloudEvent,
  InvalidArgumentError,
  PublishError,
  type Publisher,
  publishing,
  publishTo,
  route,
  ws,
} from 'ws-interlock'
import { eventbridge } from 'ws-interlock/publish/eventbridge'
import { memory as bag } from 'ws-interlock/publish/memory'
import { memory } from 'ws-interlock/store/memory'
import { warm } from '../kit/warm.ts'
import { latch, peer } from '../kit/wire.ts'
import { codes, world } from '../protocol/kit.ts'
import { counting, refused, till } from './shop.ts'

const test = suite('publish: under a protocol')
test.before(warm)

/** `pay` changes the state, `look` does not. What is done, in its order, goes to `log`. */
const counter = (refuse?: typeof refused, before: () => Promise<void> | void = () => {}) => {
  const { net, time, kept, start } = world()
  const log: string[] = []
  const errors: unknown[] = []
  const counted = counting(refuse)
  const bus: Publisher<CloudEvent> = {
    ...counted.bus,
    publish: (...given) => {
      log.push('published')
      return counted.bus.publish(...given)
    },
  }
  const post = async (...given: readonly [string, string]) => {
    log.push(/"error"/.test(given[1]) ? 'refused' : 'told')
    return net.gateway.post(...given)
  }
  const replace: typeof kept.records.replace = (...given) => {
    log.push('stored')
    return kept.records.replace(...given)
  }
  // Without a commit of its own, so that what is stored is stored by the records alone.
  const { commit, ...rest } = kept
  const build = () =>
    ws({ gateway: { ...net.gateway, post }, clock: time, warn: () => {} })
      .store({ ...rest, records: { ...kept.records, replace } } as typeof kept)
      .protocol(till)
      .onConnect(() => accept())
      .on('pay', async (context) => {
        await before()
        return publishTo(bus)(context)
      })
      .on('look', publishTo(bus))
      .onError((error) => void errors.push(error))
      .build()
  const ann = peer(build(), net)
  return { ann, other: peer(build(), net, ann.connectionId), log, errors, time, start, ...counted }
}

test('what a message publishes that changes the state leaves after it is stored, and before the reply', async () => {
  const { ann, log, types } = counter()
  await ann.connect()
  log.length = 0
  assert.equal((await ann.send({ action: 'pay', id: '1' })).frames, [
    { action: 'pay', id: '1', data: { id: 'memory-1' } },
  ])
  assert.equal(log.slice(-3), ['stored', 'published', 'told'])
  assert.equal(types(), ['pay'])
})

test('what one publishes that changes nothing leaves before the reply', async () => {
  const { ann, log } = counter()
  await ann.connect()
  log.length = 0
  await ann.send({ action: 'look', id: '1' })
  assert.equal(log, ['published', 'told'])
})

test('a message that fails publishes nothing, nor does one that the protocol forbids', async () => {
  const { ann, calls } = counter(undefined, () => {
    throw new InvalidArgumentError('No money.')
  })
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'pay', id: '1' })).frames), ['INVALID_ARGUMENT'])
  const paid = counter()
  await paid.ann.connect()
  await paid.ann.send({ action: 'pay', id: '1' })
  assert.equal(codes((await paid.ann.send({ action: 'pay', id: '2' })).frames), ['FAILED_PRECONDITION'])
  assert.equal(codes((await paid.ann.send({ action: 'pay', id: '1' })).frames), ['ALREADY_EXISTS'])
  assert.equal([calls, paid.calls], [[], [1]])
})

test('a message that loses its commit to another one publishes nothing', async () => {
  const [began, go] = [latch(), latch()]
  let first = true
  const { ann, other, time, entries } = counter(undefined, async () => {
    if (!first) return
    first = false
    began.open()
    await go.passed
  })
  await ann.connect()
  const slow = ann.send({ action: 'pay', id: '1' })
  await began.passed
  time.at += 60_000
  assert.equal((await other.send({ action: 'pay', id: '2' })).frames, [
    { action: 'pay', id: '2', data: { id: 'memory-1' } },
  ])
  go.open()
  assert.equal(codes((await slow).frames), ['ABORTED'])
  assert.equal(
    entries.map(({ messageid }) => messageid),
    ['2'],
  )
})

test('an event that is not taken after the commit: the state stands, the peer hears UNKNOWN, the owner the rest', async () => {
  const { ann, errors, calls } = counter(refused)
  await ann.connect()
  assert.equal((await ann.send({ action: 'pay', id: '1' })).frames, [
    {
      action: 'pay',
      id: '1',
      error: {
        code: 'UNKNOWN',
        message: 'This message was applied, but what it was to publish was not taken, or not all of it.',
      },
    },
  ])
  assert.is(errors.length, 1)
  assert.instance(errors[0], PublishError)
  assert.equal(codes((await ann.send({ action: 'pay', id: '1' })).frames), ['ALREADY_EXISTS'])
  assert.equal(calls, [1])
})

test('an entry that is too large changes nothing', async () => {
  const { net, kept } = world()
  const bus = eventbridge({ client: { send: () => assert.unreachable() } as never, maxBytes: 1_000 })
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(kept)
    .protocol(till)
    .onConnect(() => accept())
    .on('pay', v.object({ text: v.string() }), publishTo(bus))
    .on('look', () => {})
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const pay = (length: number) => ({ action: 'pay', id: String(length), data: { text: 'x'.repeat(length) } })
  assert.equal(codes((await ann.send(pay(2_000))).frames), ['RESOURCE_EXHAUSTED'])
  assert.equal(codes((await ann.send(pay(2_001))).frames), ['RESOURCE_EXHAUSTED'])
})

test('a reply that its schema refuses after the commit is answered as unknown, and told to the owner', async () => {
  const { net } = world()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .protocol(till)
    .onConnect(() => accept())
    .on('pay', route({ reply: v.object({ price: v.number() }) }), publishTo(bag()) as () => never)
    .on('look', () => {})
    .onError((error) => void errors.push(error))
    .build()
  const ann = peer(app, net)
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'pay', id: '1' })).frames), ['UNKNOWN'])
  assert.match((errors[0] as Error).message, /^The reply of 'pay' is not valid/)
})

const Amount = v.object({ amount: v.number() })

/** Handlers that publish and do more. */
const busy = (refuse?: typeof refused) => {
  const { net } = world()
  const errors: unknown[] = []
  const counted = counting(refuse)
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .protocol(till)
    .use(publishing(counted.bus))
    .onConnect(() => accept())
    .on('pay', Amount, async ({ data, publish }) => {
      await publish('paid', data)
      await publish('counted', data)
      if (data.amount < 0) throw new InvalidArgumentError('No money.')
      return 'thank you'
    })
    .on('look', publishTo(counted.bus))
    .onError((error) => void errors.push(error))
    .build()
  return { ann: peer(app, net), errors, ...counted }
}

const pay = (amount: number) => ({ action: 'pay', id: String(amount), data: { amount } })

test('events of a handler leave in one call after its commit, or not at all', async () => {
  const { ann, calls, types } = busy()
  await ann.connect()
  assert.equal(codes((await ann.send(pay(-1))).frames), ['INVALID_ARGUMENT'])
  assert.equal(calls, [])
  assert.equal((await ann.send(pay(1))).frames, [{ action: 'pay', id: '1', data: 'thank you' }])
  assert.equal([calls, types()], [[2], ['paid', 'counted']])
})

test('events of a handler that are not taken after its commit leave its state and its reply as they are', async () => {
  const { ann, errors } = busy(refused)
  await ann.connect()
  assert.equal((await ann.send(pay(1))).frames, [{ action: 'pay', id: '1', data: 'thank you' }])
  assert.match((errors[0] as Error).message, /^2 of 2 events were not published/)
  assert.is(errors.length, 1)
  assert.equal(codes((await ann.send(pay(2))).frames), ['FAILED_PRECONDITION'])
})

test('a route that publishes under a middleware that does is answered in one call, in either case', async () => {
  const { ann, calls } = busy()
  await ann.connect()
  assert.equal((await ann.send({ action: 'look', id: '1' })).frames, [
    { action: 'look', id: '1', data: { id: 'memory-1' } },
  ])
  assert.equal(calls, [1])
  const failing = busy(refused)
  await failing.ann.connect()
  assert.equal(codes((await failing.ann.send({ action: 'look', id: '1' })).frames), ['UNAVAILABLE'])
})

test.run()
