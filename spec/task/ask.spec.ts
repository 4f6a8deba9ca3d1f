import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { faulty, testGateway } from 'ws-interlock/testing'
import { keysOf } from '../../lib/task/task.ts'
import { codes, fakeTime } from '../protocol/kit.ts'
import { desk, errorOf, toldBy } from './desk.ts'
import { office } from './office.ts'
import { begin, plant } from './plant.ts'

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

/** A store that says what it is asked for, once that is done. */
const noted = ({ now }: ReturnType<typeof fakeTime>) => {
  const calls: string[] = []
  const good = memory({ now })
  const { memberships, blobs } = good
  if (!blobs) throw new Error('memory() keeps texts.')
  const store: Store = {
    ...good,
    memberships: {
      ...memberships,
      join: async (id, channel) => {
        const isThere = await memberships.join(id, channel)
        calls.push(`join ${id}`)
        return isThere
      },
      members: async (channel) => {
        calls.push('members')
        return memberships.members(channel)
      },
    },
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
  }
  return { calls, store }
}

test('whoever asks is told from then on, and that is written before the end is looked for', async () => {
  const time = fakeTime()
  const { calls, store } = noted(time)
  const { join, ask, taskId } = await waiting({ time, store })
  const bob = join('bob')
  await bob.connect()
  const { end, begun, cancel, step, run } = keysOf(taskId)
  calls.length = 0
  await ask('$task', taskId, bob)
  const reads = ['members', ...[end, step, run].map((key) => `get ${key}`)].sort()
  assert.equal(calls.slice(0, 3), [`get ${begun}`, `get ${end}`, 'join bob'])
  assert.equal(calls.slice(3).sort(), reads)
  calls.length = 0
  await ask('$cancel', taskId, bob)
  assert.equal(calls.slice(0, 3), [`get ${begun}`, `put ${cancel}`, `get ${end}`])
  // Who began it is told in any case.
  calls.length = 0
  await ask('$task')
  assert.is(calls.filter((call) => call.startsWith('join') || call === 'members').length, 0)
})

test('a hundred are told of a task besides who began it, and one more is refused until one of them is gone', async () => {
  const { join, ask, taskId } = await waiting()
  const many = Array.from({ length: 101 }, (_, index) => join(`peer ${index}`))
  for (const one of many) await one.connect()
  const [first, ...others] = many
  if (!first) throw new Error('There are many.')
  for (const one of others) assert.is(toldBy(await ask('$task', taskId, one)).taskId, taskId)
  assert.equal(errorOf(await ask('$task', taskId, first)), {
    code: 'RESOURCE_EXHAUSTED',
    message: '100 connections follow this task, and no more are told of it.',
    details: { maxFollowers: 100 },
  })
  // One of those who follow may ask again.
  assert.is(toldBy(await ask('$task', taskId, others[0])).taskId, taskId)
  await others[0]?.disconnect()
  assert.is(toldBy(await ask('$task', taskId, first)).taskId, taskId)
})

test('who follows a task is in no channel that an application can name', async () => {
  const { app, store, join, ask, taskId } = await waiting()
  const bob = join('bob')
  await bob.connect()
  await ask('$task', taskId, bob)
  const [channel = ''] = await store.memberships.channels('bob')
  assert.equal((await store.memberships.members(channel)).connectionIds, ['bob'])
  assert.throws(() => app.server.channel(channel), /none of them a control character/)
  await bob.disconnect()
  assert.equal((await store.memberships.members(channel)).connectionIds, [])
})

test('who asks while a task ends finds the end, and follows it no more', async () => {
  let meanwhile = async (): Promise<unknown> => undefined
  let channels: Store['memberships']['channels'] | undefined
  const works = plant(() => 'well', {
    store: (kept) => {
      const { memberships } = kept
      channels = memberships.channels
      const join: typeof memberships.join = async (...given) => {
        await meanwhile()
        return memberships.join(...given)
      }
      return { ...kept, memberships: { ...memberships, join } }
    },
  })
  const { taskId } = await begin(works)
  await works.bob.connect()
  meanwhile = () => works.take()
  const { frames } = await works.bob.send({ action: '$task', id: 'f', data: { taskId } })
  assert.equal(frames, [{ action: '$task', id: 'f', data: { taskId, name: 'report', state: 'done', result: 'well' } }])
  assert.equal(await channels?.('bob'), [])
})

for (const action of ['$task', '$cancel'])
  test(`a store that fails under ${action} is told to the client, which asks again`, async () => {
    const time = fakeTime()
    const good = memory({ now: time.now })
    for (let nth = 1; nth <= 5; nth++) {
      let calls = Number.NEGATIVE_INFINITY
      const broken = faulty(good, { seed: 1, lostRequests: 1, calls: ['put', 'get', 'join'] })
      const { blobs } = good
      const { blobs: failing } = broken
      if (!blobs || !failing) throw new Error('memory() keeps texts.')
      const turn = () => (++calls === nth ? failing : blobs)
      const member = () => (++calls === nth ? broken : good).memberships
      const memberships = { ...good.memberships, join: (...given: Join) => member().join(...given) }
      const kept = { ...blobs, put: (...given: Put) => turn().put(...given), get: (key: string) => turn().get(key) }
      const { join, ask, taskId, errors } = await waiting({ time, store: { ...good, memberships, blobs: kept } })
      const bob = join()
      await bob.connect()
      calls = 0
      assert.equal(codes([await ask(action, taskId, bob)]), ['UNAVAILABLE'], `call ${nth}`)
      assert.is(errors.length, 1)
      assert.is(toldBy(await ask(action, taskId, bob)).taskId.length, UNKNOWN.length)
    }
  })
type Join = [connectionId: string, channel: string]
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
  for (const one of [ann, bob])
    assert.equal(
      one.received.filter((frame) => Object(Object(frame).data).state === 'done'),
      [{ event: '$task', data: end }],
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
