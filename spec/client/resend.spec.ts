import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, route, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'
import { latch } from '../kit/wire.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: what was on its way')
test.before(warmClient)

const protocol = { protocol: seatMachine }

/** Counts what runs. */
const gallery = () => {
  const counts = { look: 0 }
  const door = latch()
  const app = ws({ warn: () => {} })
    .onConnect(() => accept())
    .on('look', v.undefined(), async () => {
      counts.look++
      await door.passed
      return 'seen'
    })
    .build()
  return { app, counts, open: door.open }
}

for (const [resend, code, times] of [
  ['recovered', 'LOST', 1],
  ['never', 'LOST', 1],
  ['always', undefined, 2],
] as const)
  test(`resend: ${resend}, without a takeover: what was on its way ${code ? 'fails, and runs once' : 'runs again'}`, async () => {
    const { app, counts, open } = gallery()
    const { client, end, pass, settle, socket } = begin(app, { resend })
    const asked = outcome(client.send('look'))
    await settle()
    socket().vanish()
    await pass(5_000)
    open()
    await pass(1_000)
    assert.is((await asked).error?.code, code)
    assert.is(counts.look, times)
    await end()
  })

for (const [resend, code] of [
  ['recovered', undefined],
  ['always', undefined],
  ['never', 'LOST'],
] as const)
  test(`resend: ${resend}, with a takeover: what changes the state is applied once`, async () => {
    const { app, ran } = seat()
    const { client, end, pass, settle, socket } = begin(app, { ...protocol, resend })
    await client.send('enter')
    socket().stall()
    // It never arrives.
    const leave = outcome(client.send('leave'))
    await settle()
    socket().vanish()
    await pass(10_000)
    assert.is((await leave).error?.code, code)
    assert.is(ran.filter((one) => one === 'leave').length, code ? 0 : 1)
    assert.is(await client.send('peek'), code ? 'inside' : 'outside')
    await end()
  })

/** Each vote counts once, and is heard by all. */
const ballotMachine = setup({ types: { context: {} as { votes: number }, events: {} as Vote } }).createMachine({
  id: 'ballot',
  context: { votes: 0 },
  initial: 'open',
  states: {
    open: { on: { cast: { actions: assign({ votes: ({ context }) => context.votes + 1 }) }, count: stay } },
  },
})
type Vote = { readonly type: 'cast' } | { readonly type: 'count' }

const ballot = () => {
  const door = latch()
  const gate = { isShut: false }
  const app = ws({ warn: () => {} })
    .store(memory())
    .pushes({ voted: v.number() })
    .protocol(ballotMachine, { resume: resume({ secret: 'x'.repeat(32) }) })
    .onConnect(async ({ channel }) => {
      await channel('hall').join()
      return accept()
    })
    .on('cast', route({ exclusive: true }), async ({ channel }) => {
      if (gate.isShut) await door.passed
      await channel('hall').broadcast('voted', 1)
    })
    .on('count', v.undefined(), ({ snapshot }) => snapshot.context.votes)
    .build()
  return { app, gate, open: door.open }
}

type Ballot = ReturnType<typeof begin<ReturnType<typeof ballot>['app']>>

for (const [when, lose] of [
  ['before it has arrived', async ({ socket }: Ballot) => socket().stall()],
  [
    'while it runs',
    async ({ settle }: Ballot, gate: { isShut: boolean }) => {
      gate.isShut = true
      await settle()
    },
  ],
  [
    'after it was applied, and before its answer',
    async ({ socket }: Ballot) => {
      await new Promise((resolve) => setImmediate(resolve))
      socket().stall()
    },
  ],
] as const)
  test(`a vote counts once, and is heard once, where the connection is lost ${when}`, async () => {
    const { app, gate, open } = ballot()
    const begun = begin(app, { protocol: ballotMachine })
    const { client, end, gateway, pass, settle, socket } = begun
    await client.send('cast')
    const other = await gateway.connect()
    const heard = () => other.received.filter((frame) => Object(frame).event === 'voted').length
    const cast = outcome(client.send('cast'))
    await lose(begun, gate)
    await settle()
    socket().vanish()
    gate.isShut = false
    await pass(2_000)
    open()
    await pass(20_000)
    assert.ok([undefined, 'ALREADY_EXISTS'].includes((await cast).error?.code), (await cast).error?.message)
    assert.equal([await client.send('count'), heard()], [2, 1])
    await end()
  })

test('what was on its way leaves before what has never left', async () => {
  const { app } = seat()
  const { client, end, pass, settle, socket, seen } = begin(app, protocol)
  await client.send('enter')
  socket().stall()
  const all = [client.send('leave'), client.send('enter'), client.send('say', { n: 1 })]
  await settle()
  socket().vanish()
  await pass(1_000)
  assert.equal(await Promise.all(all.map(codeOf)), [undefined, undefined, undefined])
  const left = seen.filter(({ isOut }) => isOut).map(({ action }) => action)
  assert.equal(left, ['enter', 'leave', '$resume', 'leave', 'enter', 'say'])
  await end()
})

test('a message that was applied, and whose reply was lost, is not refused here when it is sent again', async () => {
  const { app, ran, stored } = seat()
  const { client, end, pass, settle, socket } = begin(app, protocol)
  await client.send('enter')
  const leave = codeOf(client.send('leave'))
  const { connectionId } = socket()
  // It has arrived, and nothing comes back.
  await new Promise((resolve) => setImmediate(resolve))
  socket().stall()
  await settle()
  assert.is((await stored(connectionId))?.state?.value, 'outside')
  socket().vanish()
  await pass(10_000)
  assert.is(await leave, 'ALREADY_EXISTS')
  assert.is(ran.filter((one) => one === 'leave').length, 1)
  await client.send('enter')
  assert.is(await client.send('say', { n: 1 }), 2)
  await end()
})

test.run()
