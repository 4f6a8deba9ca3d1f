import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { memory } from 'ws-interlock/store/memory'
import { faulty, testGateway } from 'ws-interlock/testing'
import { keysOf } from '../../lib/task/task.ts'
import { codes, fakeTime } from '../protocol/kit.ts'
import { desk, errorOf, toldBy } from './desk.ts'
import { office } from './office.ts'

const test = suite('task: asked for, and cancelled')

const UNKNOWN = '00000000-0000-4000-8000-000000000000'

/** A task that waits, of a client that is there. */
const waiting = async (given?: Parameters<typeof desk>[0]) => {
  const made = desk(given)
  const ann = made.join()
  await ann.connect()
  const { frames } = await ann.send({ action: 'report', id: '1', data: { pages: 3 } })
  const { taskId } = toldBy(frames[0])
  const of = (action: string, id = taskId, who = ann) => who.send({ action, id: '2', data: { taskId: id } })
  const ask = async (action: string, ...given: [id?: string, who?: typeof ann]) =>
    (await of(action, ...given)).frames[0]
  return { ...made, ann, taskId, ask }
}

test('a task that nobody has taken yet is queued', async () => {
  const { ask, taskId } = await waiting()
  assert.equal(await ask('$task'), { action: '$task', id: '2', data: { taskId, name: 'report', state: 'queued' } })
  assert.equal(await ask('$cancel'), { action: '$cancel', id: '2', data: { taskId, name: 'report', state: 'queued' } })
})

test('an id that no task has, and what is no such id, are told apart', async () => {
  const { ask, taskId } = await waiting()
  for (const action of ['$task', '$cancel']) {
    assert.equal(errorOf(await ask(action, UNKNOWN)), {
      code: 'NOT_FOUND',
      message: 'There is no such task, or it is over for longer than it is kept.',
    })
    for (const id of ['', `${taskId}/to`, `../${taskId}`, taskId.toUpperCase(), `${taskId} `, 42, null, [taskId]])
      assert.is(errorOf(await ask(action, id as string)).code, 'INVALID_ARGUMENT', String(id))
  }
})

test('a task is known for as long as it is kept, and a day to wait and to run', async () => {
  const time = fakeTime()
  const { ask } = await waiting({ time })
  time.at += 86_400_000 + 59_000
  assert.is(errorOf(await ask('$task')).code, undefined)
  time.at += 86_400_000 + 61_000
  assert.is(errorOf(await ask('$task')).code, 'NOT_FOUND')
})

test('whoever asks is told from then on, and that is written before the end is looked for', async () => {
  const calls: string[] = []
  const good = memory()
  const { blobs } = good
  if (!blobs) throw new Error('memory() keeps texts.')
  const { join, ask, taskId } = await waiting({
    store: {
      ...good,
      blobs: {
        claim: blobs.claim,
        put: async (key, text, seconds) => {
          await blobs.put(key, text, seconds)
          calls.push(`put ${key}`)
        },
        get: async (key) => {
          calls.push(`get ${key}`)
          return blobs.get(key)
        },
      },
    },
  })
  const bob = join()
  await bob.connect()
  const { to, end, begun, cancel } = keysOf(taskId)
  calls.length = 0
  await ask('$task', taskId, bob)
  assert.equal(calls.slice(0, 3), [`get ${begun}`, `put ${to}`, `get ${end}`])
  assert.is(JSON.parse((await blobs.get(to)) ?? '').connectionId, bob.connectionId)
  calls.length = 0
  await ask('$cancel', taskId, bob)
  assert.equal(calls.slice(0, 3), [`get ${begun}`, `put ${cancel}`, `get ${end}`])
})

for (const action of ['$task', '$cancel'])
  test(`a store that fails under ${action} is told to the client, which asks again`, async () => {
    const time = fakeTime()
    const good = memory({ now: time.now })
    for (let nth = 1; nth <= 4; nth++) {
      let calls = Number.NEGATIVE_INFINITY
      const broken = faulty(good, { seed: 1, lostRequests: 1, calls: ['put', 'get'] })
      const { blobs } = good
      const { blobs: failing } = broken
      if (!blobs || !failing) throw new Error('memory() keeps texts.')
      const turn = () => (++calls === nth ? failing : blobs)
      const kept = { ...blobs, put: (...given: Put) => turn().put(...given), get: (key: string) => turn().get(key) }
      const { ask, errors } = await waiting({ time, store: { ...good, blobs: kept } })
      calls = 0
      assert.equal(codes([await ask(action)]), ['UNAVAILABLE'], `call ${nth}`)
      assert.is(errors.length, 1)
      assert.is(toldBy(await ask(action)).taskId.length, UNKNOWN.length)
    }
  })
type Put = [key: string, text: string, ttlSeconds: number]

test('how far a task is, and what it has come to, is told to whoever asks', async () => {
  const { app, latches } = office()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  const { taskId } = toldBy(await ann.request('report', { pages: 4 }))
  const bob = await gateway.connect()
  await latches.begun.passed
  const { data: running } = await bob.request('$task' as never, { taskId } as never)
  assert.equal(running, { taskId, name: 'report', state: 'running', fraction: 0.5, note: 'half' })
  latches.go.open()
  await gateway.settled()
  const end = { taskId, name: 'report', state: 'done', result: '4 pages' }
  assert.equal(bob.received.at(-1), { event: '$task', data: end })
  assert.is(
    ann.received.filter((frame) => toldBy(frame).taskId && Object(Object(frame).data).state === 'done').length,
    0,
  )
  assert.equal(Object(await ann.request('$task' as never, { taskId } as never)).data, end)
  assert.equal(Object(await bob.request('$cancel' as never, { taskId } as never)).data, end)
  await gateway.close()
})

test('whoever knows the id may cancel a task, and who follows it hears of that', async () => {
  const { app, latches, signals } = office()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  const { taskId } = toldBy(await ann.request('report', { pages: 4 }))
  await latches.begun.passed
  const bob = await gateway.connect()
  const { data } = await bob.request('$cancel' as never, { taskId } as never)
  assert.is(Object(data).state, 'running')
  // A worker looks now and then.
  await gateway.advance(15_000)
  assert.is(signals[0]?.aborted, true)
  assert.equal(ann.received.at(-1), { event: '$task', data: { taskId, name: 'report', state: 'cancelled' } })
  assert.is(bob.received.filter((frame) => Object(frame).event === '$task').length, 0)
  assert.equal(Object(await bob.request('$cancel' as never, { taskId } as never)).data, {
    taskId,
    name: 'report',
    state: 'cancelled',
  })
  await gateway.close()
})

test.run()
