import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { memory } from 'ws-interlock/store/memory'
import {
  connectEvent,
  fakeClock,
  HandshakeError,
  type MessageEvent,
  type TestGateway,
  testGateway,
  type WebSocketEvent,
} from 'ws-interlock/testing'
import { setup } from 'xstate'
import { chat } from '../../examples/chat/server.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('testGateway')

const open = new Set<TestGateway<object>>()
const opened = <A extends object>(gateway: TestGateway<A>): TestGateway<A> => {
  open.add(gateway as TestGateway<object>)
  return gateway
}
test.after.each(async () => {
  for (const gateway of open) await gateway.close()
  open.clear()
})

const entered = async (gateway: TestGateway<typeof chat>, name: string, room = 'tea') => {
  const client = await gateway.connect({ query: { name } })
  await client.request('auth', { token: 'let-me-in' })
  await client.request('join', { room })
  return client
}

const MINUTE = 60_000

test('a client that is refused gets the status, and the message names the seed', async () => {
  const gateway = opened(testGateway(chat, { seed: 7 }))
  const error = await rejection(gateway.connect())
  assert.instance(error, HandshakeError)
  assert.is(Object(error).status, 401)
  assert.is(Object(error).message, 'The handshake was refused with 401. Seed 7.')
})

test('a connection without a message for ten minutes is closed, and each message begins them anew', async () => {
  const gateway = opened(testGateway(chat))
  const ann = await entered(gateway, 'ann')
  await gateway.advance(9 * MINUTE)
  await ann.request('send', { room: 'tea', text: 'still here' })
  await gateway.advance(10 * MINUTE - 1)
  assert.is(ann.closed, undefined)
  await gateway.advance(1)
  assert.equal(ann.closed, { code: 1001, reason: 'Going away' })
})

test('a connection of two hours is closed, however much it says', async () => {
  const gateway = opened(testGateway(chat))
  const ann = await entered(gateway, 'ann')
  for (let minutes = 0; minutes < 115; minutes += 5) {
    await gateway.advance(5 * MINUTE)
    await ann.request('send', { room: 'tea', text: 'still here' })
  }
  await gateway.advance(5 * MINUTE - 1)
  assert.is(ann.closed, undefined)
  await gateway.advance(1)
  assert.equal(ann.closed, { code: 1001, reason: 'Going away' })
})

/** Greets within five seconds, or is gone. */
const greeting = (deadlines?: ReturnType<typeof sqsDeadlines>) =>
  ws()
    .store(memory())
    .protocol(
      setup({ types: { events: {} as { type: 'greet' } } }).createMachine({
        id: 'greeting',
        initial: 'silent',
        states: {
          silent: { on: { greet: 'heard' }, after: { 5000: 'late' } },
          heard: {},
          late: { type: 'final', description: 'Nobody said a word.' },
        },
      }),
      deadlines ? { deadlines } : {},
    )
    .onConnect(() => accept())
    .on('greet', v.undefined(), () => {})
    .build()

test('a deadline that would wait in a queue is enforced on a silent peer, and the queue is not called', async () => {
  const client = { send: async () => assert.unreachable('the queue was called') }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/1/deadlines'
  const gateway = opened(testGateway(greeting(sqsDeadlines({ client, queueUrl }))))
  const [silent, polite] = [await gateway.connect(), await gateway.connect()]
  await polite.request('greet')
  await gateway.advance(4_999)
  assert.is(silent.closed, undefined)
  await gateway.advance(1)
  assert.equal(silent.received, [
    { event: '$bye', data: { code: 'DEADLINE_EXCEEDED', message: 'Nobody said a word.' } },
  ])
  assert.equal(silent.closed, { code: 1000, reason: 'Connection Closed Normally' })
  assert.is(polite.closed, undefined)
})

test('without a queue a silent peer stays, as it does on AWS, and its next message hears of the deadline', async () => {
  const gateway = opened(testGateway(greeting()))
  const peer = await gateway.connect()
  await gateway.advance(MINUTE)
  assert.is(peer.closed, undefined)
  assert.is((await peer.request('greet')).error?.code, 'DEADLINE_EXCEEDED')
  assert.equal(await peer.untilClosed(), { code: 1000, reason: 'Connection Closed Normally' })
})

/** An application whose `slow` waits for the test. */
const held = () => {
  let release = () => {}
  const passed = new Promise<void>((resolve) => {
    release = resolve
  })
  const machine = setup({ types: { events: {} as { type: 'slow' } | { type: 'next' } } }).createMachine({
    id: 'held',
    initial: 'first',
    states: { first: { on: { slow: 'second' } }, second: { on: { next: 'third' } }, third: {} },
  })
  const app = ws()
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('slow', v.undefined(), () => passed)
    .on('next', v.undefined(), () => 'done')
    .build()
  return { app, release }
}

test('time stands still while a handler works, and goes on where a message waits for another', async () => {
  const { app, release } = held()
  const gateway = opened(testGateway(app))
  const startedAt = gateway.clock.now()
  const peer = await gateway.connect()
  const slow = peer.request('slow')
  await gateway.settled()
  const next = peer.request('next')
  await gateway.settled()
  assert.is(gateway.clock.now(), startedAt)
  release()
  assert.is((await slow).error, undefined)
  assert.is((await next).data, 'done')
  assert.ok(gateway.clock.now() > startedAt)
})

test('a message that waits in vain is told to come back once the time for it has passed', async () => {
  const { app, release } = held()
  const gateway = opened(testGateway(app))
  const peer = await gateway.connect()
  const slow = peer.request('slow')
  await gateway.settled()
  const next = peer.request('next')
  await gateway.advance(2_000)
  assert.is((await next).error?.code, 'UNAVAILABLE')
  release()
  assert.is((await slow).error, undefined)
})

test('a handler of more than 29 seconds is answered by API Gateway itself, and runs on', async () => {
  const { app, release } = held()
  const gateway = opened(testGateway(app, { seed: 3 }))
  const peer = await gateway.connect()
  const refused = rejection(peer.request('slow'))
  await gateway.advance(28_999)
  assert.equal(peer.received, [])
  await gateway.advance(1)
  assert.is(Object(await refused).message, "API Gateway answered 'slow' itself: Endpoint request timed out. Seed 3.")
  release()
  assert.equal(await peer.next(), { action: 'slow', id: '1' })
})

test('the same seed gives the same ids', async () => {
  const idsOf = async (seed: number) => {
    const gateway = testGateway(chat, { seed })
    const ids = [(await entered(gateway, 'ann')).connectionId, (await entered(gateway, 'bob')).connectionId]
    await gateway.close()
    return ids
  }
  assert.equal(await idsOf(7), await idsOf(7))
  assert.not.equal(await idsOf(7), await idsOf(8))
})

test('each gateway begins with an empty memory(), and leaves the application as it was', async () => {
  const first = testGateway(chat)
  await entered(first, 'ann')
  await first.close()
  const second = opened(testGateway(chat, { seed: 2 }))
  const bob = await entered(second, 'bob')
  assert.equal(bob.received.map((frame) => Object(frame).data?.name).filter(Boolean), ['bob'])
})

test('an application runs in one gateway at a time', () => {
  opened(testGateway(chat))
  assert.throws(
    () => testGateway(chat),
    'testGateway: this application runs in another gateway. Close that one first: await gateway.close().',
  )
})

test('app.server reaches connections', async () => {
  const gateway = opened(testGateway(chat))
  const ann = await entered(gateway, 'ann')
  const push = { room: 'tea', from: 'the house', text: 'We close.' }
  assert.is(await chat.server.connection(ann.connectionId).push('message', push), true)
  assert.equal(await ann.pushed('message'), push)
  assert.ok(await chat.server.connection(ann.connectionId).info())
  await chat.server.connection(ann.connectionId).close('We close.')
  assert.equal(ann.received.at(-1), { event: '$bye', data: { code: 'OK', message: 'We close.' } })
  assert.equal(ann.closed, { code: 1000, reason: 'Connection Closed Normally' })
  assert.is(await chat.server.connection(ann.connectionId).push('message', push), false)
})

test('app.server reaches channels, of the store that the gateway gave the application', async () => {
  const gateway = opened(testGateway(chat))
  const ann = await entered(gateway, 'ann')
  const members: string[] = []
  for await (const member of chat.server.channel('tea').members()) members.push(member)
  assert.equal(members, [ann.connectionId])
  const push = { room: 'tea', from: 'the house', text: 'We close.' }
  assert.is((await chat.server.channel('tea').broadcast('message', push)).delivered, 1)
  assert.equal(await ann.pushed('message'), push)
})

/** A plain handler that notes what it is given. */
const noting = () => {
  const events: WebSocketEvent[] = []
  const handler = async (event: WebSocketEvent) => {
    events.push(event)
    return { statusCode: 200, body: (event as MessageEvent).body ?? '' }
  }
  return { handler, events }
}

test('any handler runs, and is given the events that AWS sends', async () => {
  const { handler, events } = noting()
  const gateway = opened(testGateway(handler, { routeResponse: true }))
  const peer = await gateway.connect({ query: '?a=1', headers: { 'User-Agent': 'spec' }, subprotocols: ['v1', 'v2'] })
  peer.send('hello')
  assert.is(await peer.next(), 'hello')
  peer.close(4001, 'bye')
  await gateway.settled()
  const [first, second, third] = events
  const { connectionId } = peer
  const made = connectEvent({
    connectionId,
    query: 'a=1',
    headers: { 'User-Agent': 'spec', 'Sec-WebSocket-Protocol': 'v1, v2' },
  })
  assert.equal(Object.keys(first ?? {}), Object.keys(made))
  assert.equal(Object.keys(Object(first).headers), Object.keys(made.headers))
  assert.is(Object(first).headers['Sec-WebSocket-Protocol'], 'v1, v2')
  assert.is(Object(second).body, 'hello')
  const { disconnectStatusCode, disconnectReason } = Object(third).requestContext
  assert.equal([disconnectStatusCode, disconnectReason], [4001, 'bye'])
})

for (const [how, leave, code, reason] of [
  ['closes without a code', 'close', 1005, 'Client-side close frame status not set'],
  ['vanishes', 'vanish', 1006, ''],
] as const)
  test(`$disconnect of a client that ${how} reads ${code}`, async () => {
    const { handler, events } = noting()
    const gateway = opened(testGateway(handler))
    const peer = await gateway.connect()
    peer[leave]()
    await gateway.settled()
    const { disconnectStatusCode, disconnectReason } = Object(events.at(-1)).requestContext
    assert.equal([disconnectStatusCode, disconnectReason], [code, reason])
    assert.throws(() => peer.send('x'), `send: the connection is closed (${code}).`)
    assert.match(
      Object(await rejection(peer.next())).message,
      /^The connection was closed \(\d+\) before a frame came\. Seed 1\.$/,
    )
  })

test('a binary message closes with 1003 and one of more than 32 KB with 1009, as over a socket', async () => {
  const { handler } = noting()
  const gateway = opened(testGateway(handler))
  const [first, second, third] = [await gateway.connect(), await gateway.connect(), await gateway.connect()]
  first.send(new Uint8Array(1))
  assert.is(first.closed?.code, 1003)
  second.send('x'.repeat(32 * 1024))
  assert.is(second.closed, undefined)
  third.send(`${'é'.repeat(16 * 1024)}x`)
  assert.is(third.closed?.code, 1009)
})

test('a thousand connections send ten messages each, and every one is answered', async () => {
  const gateway = opened(testGateway(chat))
  const peers = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => entered(gateway, `peer${index}`, `room${index % 500}`)),
  )
  const answers = await Promise.all(
    peers.map(async ({ request }, index) => {
      const room = `room${index % 500}`
      for (let count = 1; count < 10; count++) await request('send', { room, text: `${count}` })
      return request('send', { room, text: '10' })
    }),
  )
  assert.equal(
    answers.filter(({ error }) => error),
    [],
  )
  const heard = peers.map(({ received }) => received.filter((frame) => Object(frame).event === 'message').length)
  assert.equal(new Set(heard), new Set([20]))
})

test('a clock of the test can be shared with what it tests', async () => {
  const clock = fakeClock(1_000)
  const gateway = opened(testGateway(chat, { clock }))
  await gateway.advance(500)
  assert.is(clock.now(), 1_500)
})

test('a gateway that is closed lets nobody in, and closing twice is closing once', async () => {
  const gateway = testGateway(chat, { seed: 4 })
  await Promise.all([gateway.close(), gateway.close()])
  assert.is(Object(await rejection(gateway.connect())).message, 'connect: the gateway is closed. Seed 4.')
})

test('a handler that hangs does not keep its gateway from closing', async () => {
  const gateway = testGateway(() => new Promise(() => {}), { routes: ['$default'] })
  const peer = await gateway.connect()
  peer.send('x')
  await gateway.close()
  assert.equal(peer.closed, { code: 1001, reason: 'Going away' })
})

test('options that are none are refused in a sentence', () => {
  assert.throws(() => testGateway({}), 'testGateway: the handler must be a function, not {}.')
  assert.throws(
    () => testGateway(chat, { idleMs: 0 }),
    'testGateway: idleMs must be a number of milliseconds from 1 to 2147483647, not 0.',
  )
})

test('requests and pushes are typed by the application', async () => {
  const gateway = opened(testGateway(chat))
  const ann = await entered(gateway, 'ann')
  // @ts-expect-error There is no such route.
  assert.is((await ann.request('sned', {})).error?.code, 'UNIMPLEMENTED')
  // @ts-expect-error A room is a text.
  assert.is((await ann.request('join', { room: 7 })).error?.code, 'INVALID_ARGUMENT')
  const { name }: { readonly name: string } = await ann.pushed('joined')
  assert.is(name, 'ann')
})

test.run()
