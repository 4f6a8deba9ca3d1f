import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { desk } from './desk.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'

const test = suite('client: loops over pushes and steps')
test.before(warmClient)

test('once takes the next push, also while the code for it is loaded', async () => {
  const { client, end, settle } = begin(desk().app)
  const first = client.once('said')
  await client.send('say', 2)
  assert.is(await first, 1)
  let isHere = false
  const next = client.once('said').then((value) => {
    isHere = true
    return value
  })
  await settle()
  assert.not(isHere)
  await client.send('say', 1)
  assert.is(await next, 1)
  await end()
})

test('once rejects when its signal aborts, and when the client is closed', async () => {
  const { client, end, settle } = begin(desk().app)
  const controller = new AbortController()
  const aborted = outcome(client.once('said', { signal: controller.signal }))
  const closed = outcome(client.once('said'))
  await settle()
  controller.abort(new Error('not now'))
  assert.is((await aborted).error?.message, 'not now')
  await end()
  assert.is((await closed).error?.code, 'CLOSED')
  assert.is(await codeOf(client.once('said')), 'CLOSED')
})

test('a loop over pushes takes all from its beginning, in order, until the client is closed', async () => {
  const { client, end } = begin(desk().app)
  const loop = client.pushes('said')
  const taken: number[] = []
  const through = (async () => {
    for await (const value of loop) taken.push(value)
  })()
  await client.send('say', 3)
  await client.send('say', 2)
  await end()
  await through
  assert.equal(taken, [1, 2, 3, 1, 2])
})

test('a loop that is left hears no more, and another one goes on', async () => {
  const { client, end } = begin(desk().app)
  const one = client.pushes('said')
  const other = client.pushes('said')
  await client.send('say', 2)
  for await (const value of one) {
    assert.is(value, 1)
    break
  }
  assert.equal(await one.next(), { done: true, value: undefined })
  assert.equal([(await other.next()).value, (await other.next()).value], [1, 2])
  await end()
})

test('a stream has the steps and then ends, and its reply is what the handler returned', async () => {
  const { client, end, errors } = begin(desk().app)
  const stream = client.stream('report', 3)
  const steps: number[] = []
  for await (const step of stream) steps.push(step)
  assert.equal(steps, [1, 2, 3])
  assert.is(await stream.reply, 'done')
  await end()
  assert.equal(errors, [])
})

test('a stream whose message fails throws in the loop, after the steps, and in its reply', async () => {
  const { client, end } = begin(desk().app)
  const stream = client.stream('report', 4)
  const steps: number[] = []
  const failed = await outcome(
    (async () => {
      for await (const step of stream) steps.push(step)
    })(),
  )
  assert.equal(steps, [1, 2, 3, 4])
  assert.is(failed.error?.code, 'NOT_FOUND')
  assert.is(await codeOf(stream.reply), 'NOT_FOUND')
  await end()
})

test('each step begins the time of a stream anew', async () => {
  const { app, door } = desk()
  const { client, end, pass, settle } = begin(app)
  const stream = client.stream('slow', undefined, { timeoutMs: 1_000 })
  const reply = outcome(stream.reply)
  assert.is((await stream.next()).value, 1)
  await pass(999)
  door.open()
  await settle()
  assert.is((await reply).value, 'slow')
  await end()
})

test('a stream that is left early wants no reply, and what still comes of it troubles nobody', async () => {
  const { client, end, errors, settle } = begin(desk().app)
  for await (const step of client.stream('report', 3)) {
    assert.is(step, 1)
    break
  }
  await settle()
  assert.equal(errors, [])
  assert.is(await client.send('echo', 1), 1)
  await end()
})

test('a stream leaves before what is sent after it', async () => {
  const { client, end, seen } = begin(desk().app)
  await client.send('nothing')
  const { reply } = client.stream('report', 1)
  await Promise.all([client.send('echo', 1), reply])
  const left = seen.filter(({ isOut }) => isOut).map(({ action }) => action)
  assert.equal(left, ['nothing', 'report', 'echo'])
  await end()
})

test.run()
