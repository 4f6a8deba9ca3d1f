import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, route, stay } from 'ws-interlock'
import { createMachine } from 'xstate'
import { latch, peer } from '../kit/wire.ts'
import { codes, world } from './kit.ts'
import { chat } from './machines.ts'

const test = suite('protocol through the application')

const nothing = () => {}

const chatting = () => {
  const { net, time, kept, start } = world()
  const ran: string[] = []
  const app = start
    .store(kept)
    .protocol(chat)
    .onConnect(() => accept())
    .on('auth', () => void ran.push('auth'))
    .on('join', () => void ran.push('join'))
    .on('ping', ({ snapshot }) => ({ state: snapshot.value }))
    .on('send', () => void ran.push('send'))
    .on('leave', nothing)
    .build()
  return { ann: peer(app, net), app, ran, time, kept }
}

test('the order of the machine is the order of the messages', async () => {
  const { ann, ran } = chatting()
  await ann.connect()
  assert.equal(await ann.send({ action: 'join', id: '1' }), {
    statusCode: 200,
    frames: [
      {
        action: 'join',
        id: '1',
        error: {
          code: 'FAILED_PRECONDITION',
          message: "'join' is not allowed in 'anonymous'. Allowed: auth.",
          details: { state: 'anonymous', allowed: ['auth'] },
        },
      },
    ],
  })
  for (const action of ['auth', 'join', 'send', 'send']) await ann.send({ action })
  assert.equal(ran, ['auth', 'join', 'send', 'send'])
  assert.equal(ann.taken(), [])
})

test('a message after the deadline is told so, then $bye, then the connection is closed', async () => {
  const { ann, ran, time } = chatting()
  await ann.connect()
  time.at += 5_000
  const { frames } = await ann.send({ action: 'auth', id: '1' })
  assert.equal(codes(frames), ['DEADLINE_EXCEEDED', '$bye DEADLINE_EXCEEDED', '$closed'])
  assert.match(JSON.stringify(frames[1]), 'You did not authenticate in time.')
  assert.equal(ran, [])
})

test('a message a millisecond before the deadline is in time', async () => {
  const { ann, ran, time } = chatting()
  await ann.connect()
  time.at += 4_999
  await ann.send({ action: 'auth' })
  time.at += 60_000
  await ann.send({ action: 'join' })
  assert.equal(ran, ['auth', 'join'])
})

test('a message that was applied is not applied again under the same id', async () => {
  const { ann, ran } = chatting()
  await ann.connect()
  await ann.send({ action: 'auth', id: 'a' })
  assert.equal(codes((await ann.send({ action: 'auth', id: 'a' })).frames), ['ALREADY_EXISTS'])
  assert.equal(ran, ['auth'])
})

test('the snapshot that a handler sees is the state before its message', async () => {
  const { ann } = chatting()
  await ann.connect()
  await ann.send({ action: 'auth' })
  assert.equal((await ann.send({ action: 'ping', id: '1' })).frames, [
    { action: 'ping', id: '1', data: { state: 'authenticated' } },
  ])
})

test('what a peer calls its message never names an event of XState', async () => {
  const { ann } = chatting()
  await ann.connect()
  for (const action of ['xstate.after.5000.chat.anonymous', 'xstate.stop', '__proto__', 'constructor', '*'])
    assert.equal(codes((await ann.send({ action })).frames), ['UNIMPLEMENTED'])
})

test('a final state that a message reaches: the reply, then $bye, then the end', async () => {
  const { net, kept, start } = world()
  const machine = createMachine({ initial: 'a', states: { a: { on: { quit: 'over' } }, over: { type: 'final' } } })
  const app = start
    .store(kept)
    .protocol(machine)
    .onConnect(() => accept())
    .on('quit', () => 'so long')
    .build()
  const ann = peer(app, net)
  await ann.connect()
  assert.equal((await ann.send({ action: 'quit' })).frames, [
    { action: 'quit', data: 'so long' },
    { event: '$bye', data: { code: 'OK', message: "The protocol has ended in 'over'." } },
    '$closed',
  ])
})

test('a route that asks to be exclusive holds the connection although the state stays', async () => {
  const { net, kept, start } = world()
  const [began, go] = [latch(), latch()]
  const app = start
    .store(kept)
    .protocol(createMachine({ initial: 'a', states: { a: { on: { vote: stay, talk: stay } } } }))
    .on('vote', route({ exclusive: true }), async () => {
      began.open()
      await go.passed
    })
    .on('talk', () => 'talked')
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const voting = ann.send({ action: 'vote' })
  await began.passed
  assert.equal(codes((await ann.send({ action: 'talk' })).frames), ['UNAVAILABLE'])
  go.open()
  await voting
  assert.equal((await ann.send({ action: 'talk' })).frames, [{ action: 'talk', data: 'talked' }])
})

test("what the machine does besides follows the commit, and never a handler's failure", async () => {
  const { net, kept, start } = world()
  const acted: unknown[] = []
  let fails = true
  const versions = async () => (await kept.records.read(ann.connectionId))?.claim
  const machine = createMachine({
    initial: 'a',
    entry: () => acted.push('began'),
    states: {
      a: { on: { go: { target: 'b', actions: () => acted.push(['went', versions()]) } } },
      b: { type: 'final', entry: () => acted.push('arrived') },
    },
  })
  const app = start
    .store(kept)
    .protocol(machine)
    .onError(nothing)
    .on('go', () => {
      if (fails) throw new RangeError('not yet')
    })
    .build()
  const ann = peer(app, net)
  await ann.connect()
  assert.equal(acted, ['began'])
  await ann.send({ action: 'go' })
  assert.equal(acted, ['began'])
  fails = false
  await ann.send({ action: 'go' })
  const [, went, arrived] = acted as [unknown, [string, Promise<unknown>], unknown]
  assert.is(await went[1], undefined)
  assert.is(arrived, 'arrived')
})

test('what the machine does at a deadline is done when the deadline is applied', async () => {
  const { net, time, kept, start } = world()
  const acted: string[] = []
  const machine = createMachine({
    initial: 'a',
    states: { a: { after: { 10: { target: 'b', actions: () => acted.push('late') } } }, b: { on: { go: stay } } },
  })
  const ann = peer(start.store(kept).protocol(machine).on('go', nothing).build(), net)
  await ann.connect()
  time.at += 10
  assert.equal(acted, [])
  await ann.send({ action: 'go' })
  assert.equal(acted, ['late'])
})

test('under a protocol an unknown message reaches onDefault only where the machine accepts $default', async () => {
  const { net, kept, start } = world()
  const machine = createMachine({
    initial: 'shut',
    states: { shut: { on: { open: 'open' } }, open: { on: { $default: stay } } },
  })
  const app = start
    .store(kept)
    .protocol(machine)
    .on('open', nothing)
    .onDefault(({ data }) => ({ heard: data }))
    .build()
  const ann = peer(app, net)
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'whatever' })).frames), ['FAILED_PRECONDITION'])
  assert.equal(codes((await ann.send({ action: '$default' })).frames), ['FAILED_PRECONDITION'])
  await ann.send({ action: 'open' })
  const { frames } = await ann.send({ action: 'whatever' })
  assert.equal(frames, [{ action: 'whatever', data: { heard: { action: 'whatever' } } }])
})

test('after $disconnect nothing runs', async () => {
  const { ann, ran } = chatting()
  await ann.connect()
  await ann.disconnect()
  await ann.send({ action: 'auth' })
  assert.equal(ran, [])
})

test.run()
