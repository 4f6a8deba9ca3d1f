import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { ClientError, RemoteError } from 'ws-interlock/client'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { latch } from '../kit/wire.ts'
import { desk } from './desk.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'

const test = suite('client: requests')
test.before(warmClient)

test('a message resolves with what its handler returned, and with undefined where that is nothing', async () => {
  const { client, end, errors, states } = begin(desk().app)
  assert.equal(await client.send('echo', { deep: [1, null, '€'] }), { deep: [1, null, '€'] })
  assert.is(await client.send('nothing'), undefined)
  assert.equal(await Promise.all([client.send('echo', 1), client.send('echo', 2)]), [1, 2])
  assert.equal(states, ['open'])
  await end()
  assert.equal(errors, [])
})

test('a refusal rejects with its code, its details, its wait and the name of the message', async () => {
  const { client, end } = begin(desk().app)
  const { error } = await outcome(client.send('refuse'))
  assert.instance(error, RemoteError)
  const { code, message, details, retryAfterMs, action, name } = error as RemoteError
  assert.equal(
    { code, message, details, retryAfterMs, action, name },
    {
      code: 'RESOURCE_EXHAUSTED',
      message: 'Three a minute.',
      details: { limit: 3 },
      retryAfterMs: 20_000,
      action: 'refuse',
      name: 'RemoteError',
    },
  )
  assert.is(await client.send('echo', 'goes on'), 'goes on')
  await end()
})

test('a name that the server has not is refused by the server', async () => {
  const { client, end } = begin(desk().app)
  assert.is(await codeOf(client.send('ecko' as 'echo', 1)), 'UNIMPLEMENTED')
  await end()
})

test('no answer in time: it was sent', async () => {
  const { app, door } = desk()
  const { client, end, pass } = begin(app)
  const asked = outcome(client.send('hang', undefined, { timeoutMs: 1_000 }))
  await pass(999)
  let isOver = false
  void asked.then(() => (isOver = true))
  await pass(0)
  assert.not(isOver)
  await pass(1)
  const { error } = await asked
  assert.instance(error, ClientError)
  assert.is(error?.code, 'TIMEOUT')
  assert.match(error?.message ?? '', "No answer to 'hang' in 1000 ms: it was sent. The handler may still be running")
  door.open()
  await end()
})

test('no answer in time: onReady is not through', async () => {
  const { client, end, pass } = begin(desk().app, { onReady: () => new Promise(() => {}), timeoutMs: 2_000 })
  const asked = outcome(client.send('echo', 1))
  await pass(2_000)
  const { error } = await asked
  assert.match(error?.message ?? '', /^No answer to 'echo' in 2000 ms: it was not sent: onReady is not through\./)
  await end()
})

test('no answer in time: it waits behind another one', async () => {
  const { app, door, ran } = desk()
  const { client, end, pass } = begin(app, { order: ['hang'] })
  const first = client.send('hang')
  const asked = outcome(client.send('echo', 1, { timeoutMs: 1_500 }))
  await pass(1_500)
  assert.match((await asked).error?.message ?? '', /'echo' in 1500 ms: it was not sent: something that was sent before/)
  door.open()
  assert.is(await first, 'at last')
  assert.equal(ran, ['hang'])
  await end()
})

test('no answer in time: there is no connection, and what was last heard is said', async () => {
  const { client, end, pass, dialled } = begin(desk().app, {}, { path: 'x' })
  const asked = outcome(client.send('echo', 1, { timeoutMs: 3_000 }))
  await pass(3_000)
  assert.match(
    (await asked).error?.message ?? '',
    "No answer to 'echo' in 3000 ms: it was never sent: there is no connection. Last heard: It could not be opened.",
  )
  assert.ok(dialled.length > 2)
  assert.is(client.state, 'connecting')
  await end()
})

test('no answer in time: it was lost, and waits to be sent again', async () => {
  const door = latch()
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(MACHINE, { resume: resume({ secret: 'x'.repeat(32) }) })
    .onConnect(() => accept())
    .on('enter', v.undefined(), () => {})
    .on('look', v.undefined(), () => door.passed)
    .build()
  const { client, end, pass, settle, socket } = begin(app, {
    protocol: MACHINE,
    reconnect: { baseMs: 60_000 },
    timeoutMs: 5_000,
  })
  await client.send('enter')
  const asked = outcome(client.send('look'))
  await settle()
  socket().vanish()
  await pass(5_000)
  assert.match((await asked).error?.message ?? '', /'look' in 5000 ms: the connection was lost after it was sent/)
  door.open()
  await end()
})

const MACHINE = createMachine({
  id: 'desk',
  version: '1',
  initial: 'outside',
  states: { outside: { on: { enter: 'inside' } }, inside: { on: { look: stay } } },
})

test('aborted before it is sent it costs no frame', async () => {
  const { client, end, sent } = begin(desk().app)
  const gone = AbortSignal.abort(new Error('not any more'))
  assert.is((await outcome(client.send('echo', 1, { signal: gone }))).error?.message, 'not any more')
  const controller = new AbortController()
  // There is no connection yet.
  const asked = outcome(client.send('echo', 2, { signal: controller.signal }))
  controller.abort(new Error('too late'))
  assert.is((await asked).error?.message, 'too late')
  assert.is(await client.send('echo', 3), 3)
  assert.equal(
    sent('echo').map(({ data }) => data),
    [3],
  )
  await end()
})

test('aborted after it was sent it rejects at once, and its late answer troubles nobody', async () => {
  const { app, door, ran } = desk()
  const { client, end, errors, settle, seen } = begin(app)
  const controller = new AbortController()
  const asked = outcome(client.send('hang', undefined, { signal: controller.signal }))
  await settle()
  controller.abort(new Error('enough'))
  assert.is((await asked).error?.message, 'enough')
  assert.equal(ran, ['hang'])
  door.open()
  await settle()
  assert.is(seen.filter(({ isOut, action }) => !isOut && action === 'hang').length, 1)
  assert.equal(errors, [])
  await end()
})

test('an answer to nothing that was ever asked is told to onError', async () => {
  const { client, end, errors, socket, settle } = begin(desk().app)
  await client.send('nothing')
  const stray = JSON.stringify({ action: 'echo', id: 'mine', data: 1 })
  socket().onmessage?.({ data: stray } as never)
  await settle()
  assert.equal(errors.map(String), [`Error: Answers nothing: ${stray}`])
  await end()
})

test('a frame above 32 KB is refused before it is sent, and the connection stays', async () => {
  const { client, end, sent, dialled } = begin(desk().app)
  const { error } = await outcome(client.send('echo', '€'.repeat(11_000)))
  assert.is(error?.code, 'TOO_LARGE')
  assert.match(
    error?.message ?? '',
    /^'echo' was not sent: it takes 33\d\d\d bytes, and a frame has 32768 at most\. Send less, or use chunk\(\)/,
  )
  assert.is(await client.send('echo', 'x'.repeat(32_000)), 'x'.repeat(32_000))
  assert.equal([sent('echo').length, dialled.length], [1, 1])
  await end()
})

test('what is no JSON is refused before it is sent', async () => {
  const { client, end, sent } = begin(desk().app)
  const ring: { self?: unknown } = {}
  ring.self = ring
  for (const data of [10n, ring]) assert.instance((await outcome(client.send('echo', data))).error, TypeError)
  assert.is(await client.send('echo', 1), 1)
  assert.is(sent('echo').length, 1)
  await end()
})

test('what the server was too busy for is sent again, with the same id, when the server said', async () => {
  const { app, ran } = desk()
  const { client, end, pass, sent, settle } = begin(app)
  const asked = client.send('busy', 2)
  await settle()
  assert.is(sent('busy').length, 1)
  await pass(299)
  assert.is(sent('busy').length, 1)
  await pass(1)
  assert.is(sent('busy').length, 2)
  // The second wait is twice as long.
  await pass(600)
  assert.is(await asked, 3)
  assert.is(new Set(ran).size, 1)
  await end()
})

test('it is not sent again when its time is over, and not at all with resend: never', async () => {
  const first = begin(desk().app)
  const asked = codeOf(first.client.send('busy', 100, { timeoutMs: 1_000 }))
  await first.pass(1_000)
  assert.is(await asked, 'TIMEOUT')
  const { length } = first.sent('busy')
  assert.is(length, 3)
  await first.pass(5_000)
  assert.is(first.sent('busy').length, length)
  await first.end()
  const second = begin(desk().app, { resend: 'never' })
  assert.is(await codeOf(second.client.send('busy', 1)), 'UNAVAILABLE')
  await second.end()
})

test('options that are none close the client with a sentence', async () => {
  const { client, end } = begin(desk().app, { timeoutMs: -1 })
  const { error } = await outcome(client.send('hang'))
  assert.is(error?.code, 'CLOSED')
  assert.match(error?.message ?? '', 'timeoutMs is a number of milliseconds from 1 to 2147483647, and not -1.')
  assert.is(client.farewell?.code, 'INVALID_ARGUMENT')
  await end()
})

test.run()
