import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { RemoteError } from 'ws-interlock/client'
import { latch } from '../kit/wire.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: the order of messages')
test.before(warmClient)

const protocol = { protocol: seatMachine }
const order = { order: ['enter', 'leave'] as const }

for (const [what, options] of [
  ['protocol', protocol],
  ['order', order],
] as const)
  test(`with ${what} what may change the state leaves alone, and the others wait for it`, async () => {
    const { app, held, open, ran } = seat()
    const { client, end, settle, seen } = begin(app, options)
    const left = () => seen.filter(({ isOut }) => isOut).map(({ action }) => action)
    held.add('enter').add('say')
    const all = [client.send('enter'), client.send('say', { n: 1 }), client.send('say', { n: 2 }), client.send('leave')]
    await settle()
    assert.equal(left(), ['enter'])
    held.delete('enter')
    open()
    held.add('say')
    await settle()
    assert.equal(left(), ['enter', 'say', 'say'])
    open()
    assert.equal(await Promise.all(all), [undefined, 2, 4, undefined])
    assert.equal(left(), ['enter', 'say', 'say', 'leave'])
    assert.equal(ran, ['enter', 'say 1', 'say 2', 'leave'])
    await end()
  })

test('without either all leave at once', async () => {
  const door = latch()
  const app = ws({ warn: () => {} })
    .onConnect(() => accept())
    .on('wait', v.number(), async ({ data }) => {
      await door.passed
      return data
    })
    .build()
  const { client, end, settle, sent } = begin(app)
  const all = [1, 2, 3].map((data) => client.send('wait', data))
  await settle()
  assert.is(sent('wait').length, 3)
  door.open()
  assert.equal(await Promise.all(all), [1, 2, 3])
  await end()
})

test('one that fails lets the next one go', async () => {
  const { app } = seat()
  const { client, end, sent } = begin(app, order)
  const [failed, refused, entered, said] = await Promise.all([
    codeOf(client.send('enter', { fails: true })),
    codeOf(client.send('say', { n: 1 })),
    outcome(client.send('enter')),
    outcome(client.send('say', { n: 2 })),
  ])
  assert.equal([failed, refused, entered.error, said.value], ['PERMISSION_DENIED', 'FAILED_PRECONDITION', undefined, 4])
  assert.is(sent('enter').length, 2)
  await end()
})

test('one that is given up lets the next one go', async () => {
  const { app, held, open } = seat()
  const { client, end, pass, sent } = begin(app, order)
  held.add('enter')
  const late = codeOf(client.send('enter', undefined, { timeoutMs: 1_000 }))
  const next = client.send('peek')
  await pass(999)
  assert.is(sent('peek').length, 0)
  await pass(1)
  assert.is(await late, 'TIMEOUT')
  assert.is(sent('peek').length, 1)
  open()
  await next
  await end()
})

test('what the machine refuses is refused here, in the words of the server, and costs no frame', async () => {
  const { app, ran } = seat()
  const { client, end, gateway, seen } = begin(app, protocol)
  await client.send('peek')
  assert.equal([client.can('say', { n: 1 }), client.can('enter')], [false, true])
  const { error } = await outcome(client.send('say', { n: 1 }))
  assert.instance(error, RemoteError)
  const { code, message, details } = error as RemoteError
  const peer = await gateway.connect()
  const { error: theirs } = await peer.request('say', { n: 1 })
  assert.equal({ code, message, details }, theirs)
  assert.equal(
    seen.filter(({ isOut }) => isOut).map(({ action }) => action),
    ['peek'],
  )
  assert.equal(ran, ['peek'])
  await end()
})

test('the mirror goes with what is accepted, and watchers are told', async () => {
  const { app } = seat()
  const { client, end } = begin(app, protocol)
  const values: unknown[] = []
  client.subscribe(() => values.push(Object(client.snapshot).value))
  await client.send('enter')
  await client.send('say', { n: 1 })
  await client.send('leave')
  assert.equal([...new Set(values)], ['outside', 'inside'])
  assert.is(values.at(-1), 'outside')
  assert.is(await codeOf(client.send('say', { n: 2 })), 'FAILED_PRECONDITION')
  await end()
})

test('after one that was given up on its way, nothing is refused here that the server may accept', async () => {
  const { app, held, open, ran } = seat()
  const { client, end, settle } = begin(app, protocol)
  held.add('enter')
  const controller = new AbortController()
  const given = codeOf(client.send('enter', undefined, { signal: controller.signal }))
  await settle()
  controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }))
  assert.is(await given, 'ENOUGH')
  open()
  await settle()
  assert.is(await client.send('say', { n: 4 }), 8)
  assert.equal(ran, ['enter', 'say 4'])
  await end()
})

test('its refusal lets those behind it go', async () => {
  const { app } = seat()
  const { client, end } = begin(app, protocol)
  const codes = await Promise.all([
    codeOf(client.send('say', { n: 1 })),
    codeOf(client.send('leave')),
    outcome(client.send('enter')).then(({ error }) => error?.message),
    outcome(client.send('say', { n: 2 })).then(({ value }) => value),
  ])
  assert.equal(codes, ['FAILED_PRECONDITION', 'FAILED_PRECONDITION', undefined, 4])
  await end()
})

test.run()
