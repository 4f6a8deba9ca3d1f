import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { memory } from 'ws-interlock/store/memory'
import { begin, outcome, warmClient } from './kit.ts'
import { INTERNAL, machine } from './room.ts'

const test = suite('client: the mirrored machine')
test.before(warmClient)

const QUEUE = sqsDeadlines({ client: { send: async () => ({}) }, queueUrl: 'https://sqs.test/deadlines' })

const room = (knows = false) =>
  ws({ warn: () => {} })
    .store(memory())
    .protocol(machine, { internal: INTERNAL, mirror: true, deadlines: QUEUE })
    .onConnect(() => accept())
    .on('auth', v.object({ key: v.string() }), ({ raise }) => {
      if (knows) raise({ type: 'known' })
    })
    .on('send', v.undefined(), () => {})
    .on('rest', v.undefined(), () => {})
    .on('leave', v.undefined(), () => {})
    .build()

const entered = async (knows = false) => {
  const app = room(knows)
  const began = begin(app, { protocol: machine, input: { name: 'ann' } })
  await began.settle()
  const dispatch = () => app.server.connection(began.socket().connectionId).dispatch({ type: 'kicked' })
  return { ...began, dispatch, value: () => began.client.snapshot?.value }
}

test('what the server is sure to refuse never leaves', async () => {
  const { client, sent, end } = await entered()
  const { error } = await outcome(client.send('send'))
  assert.is(error?.message, "'send' is not allowed in 'anonymous'. Allowed: auth.")
  assert.is(error?.code, 'FAILED_PRECONDITION')
  assert.equal(Object(error).details, { state: 'anonymous', allowed: ['auth'] })
  assert.is(sent('send').length, 0)
  await end()
})

test('what a guard may refuse leaves: the server has a context of its own', async () => {
  const { client, sent, end } = await entered()
  assert.not(client.can('auth', { key: 'wrong' }))
  assert.ok(client.can('auth', { key: 'key' }))
  assert.is((await outcome(client.send('auth', { key: 'wrong' }))).error?.code, 'FAILED_PRECONDITION')
  assert.is(sent('auth').length, 1)
  await end()
})

test('the snapshot goes with the answers, with a context of what the client knows', async () => {
  const { client, end } = await entered()
  assert.equal(client.snapshot?.context, { tries: 0, name: 'ann' })
  let told = 0
  client.subscribe(() => told++)
  await client.send('auth', { key: 'key' })
  assert.ok(client.snapshot?.matches('guest'))
  assert.ok(client.can('rest') && client.can('send') && !client.can('auth', { key: 'key' }))
  assert.is(told, 1)
  const { snapshot } = client
  await client.send('send')
  assert.is(client.snapshot, snapshot)
  await end()
})

test('what a handler raised and what the server dispatched is told', async () => {
  const { client, value, dispatch, settle, end } = await entered(true)
  await client.send('auth', { key: 'key' })
  assert.is(value(), 'member')
  await dispatch()
  await settle()
  assert.is(value(), 'anonymous')
  await end()
})

test('a deadline that the server enforces is told, and near to one nothing is refused here', async () => {
  const { client, value, pass, sent, end } = await entered()
  await client.send('auth', { key: 'key' })
  await client.send('rest')
  await outcome(client.send('leave'))
  assert.is(sent('leave').length, 0)
  await pass(8_500)
  assert.is((await outcome(client.send('leave'))).error?.code, 'FAILED_PRECONDITION')
  assert.is(sent('leave').length, 1)
  await pass(2_000)
  assert.is(value(), 'guest')
  await end()
})

test.run()
