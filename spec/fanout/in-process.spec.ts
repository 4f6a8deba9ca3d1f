import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { type Store, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { store as storeOf } from 'ws-interlock/store'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, testGateway } from 'ws-interlock/testing'
import { quiet, rejection } from '../protocol/kit.ts'
import { filled, noise } from './kit.ts'

const test = suite('fanout in testGateway')

/** A queue that must not be asked while a gateway is open. */
const client = {
  send: async () => {
    throw new Error('It was put into SQS.')
  },
}
const spreading = fanout({ client, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs', above: 2 })

const chat = (store: Store) =>
  ws({ warn: () => {}, fanout: spreading })
    .store(store)
    .pushes(noise)
    .onConnect(({ channel }) => channel('lobby').join())
    .on('say', v.string(), async ({ data, channel }) => {
      await channel('lobby').broadcast('said', { text: data }, { except: 'self' })
    })
    .build()

/** What came of broadcasts, without their ids. */
const heard = ({ received }: { readonly received: readonly unknown[] }) =>
  received.flatMap((frame) => (Object(frame).event ? [Object(frame).data] : []))

test('a broadcast to many is said in process, by jobs that nobody waits for', async () => {
  const gateway = testGateway(chat(memory()))
  const ann = await gateway.connect()
  const others = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
  await ann.request('say', 'hello')
  await gateway.settled()
  assert.equal(others.map(heard), Array(3).fill([{ text: 'hello' }]))
  assert.equal(heard(ann), [])
  await gateway.close()
})

test('a job that fails comes again, as from a queue', async () => {
  const clock = fakeClock()
  const { records, memberships, blobs } = memory({ now: clock.now })
  let fails = true
  const get: NonNullable<typeof blobs>['get'] = async (key) => {
    if (fails) throw new Error('the store is down')
    return blobs?.get(key)
  }
  const failing = storeOf({ records, memberships, ...(blobs && { blobs: { ...blobs, get } }) })
  const gateway = testGateway(chat(failing), { clock })
  const { log, restore } = quiet()
  const others = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
  await others[0]?.request('say', 'hello')
  await gateway.settled()
  assert.equal(log.map(String), ['Error: the store is down'])
  fails = false
  await gateway.advance(30_000)
  restore()
  assert.equal(others.slice(1).map(heard), Array(2).fill([{ text: 'hello' }]))
  await gateway.close()
})

test('whoever is throttled is told when the delay of its job is over', async () => {
  const app = chat(memory())
  const chaos = { delays: 0, coldStarts: 0, kills: 0, throttling: 0.8, seed: 3 }
  const gateway = testGateway(app, { chaos })
  const { restore } = quiet()
  const peers = await Promise.all(Array.from({ length: 8 }, () => gateway.connect()))
  await app.server.channel('lobby').broadcast('said', { text: 'hello' })
  await gateway.settled()
  const early = peers.flatMap(heard).length
  await gateway.advance(130_000)
  restore()
  assert.ok(early < 8)
  assert.equal(peers.map(heard), Array(8).fill([{ text: 'hello' }]))
  await gateway.close()
})

test('once the gateway is closed, broadcasts go into the queue of the application again', async () => {
  const store = memory()
  const app = chat(store)
  await testGateway(app).close()
  await filled(store, 3)
  assert.is(
    String(await rejection(app.server.channel('lobby').broadcast('said', { text: 'hello' }))),
    'Error: It was put into SQS.',
  )
})

test.run()
