import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { faulty } from 'ws-interlock/testing'
import type { ConnectionRecord } from '../../lib/store/store.ts'
import { peer, wire } from '../kit/wire.ts'
import { codes, fakeTime } from '../protocol/kit.ts'
import { desk, errorOf, orderly, shelf, toldBy, UUID } from './desk.ts'

const test = suite('task: begun')

const ask = (pages: number, id = '1') => ({ action: 'report', id, data: { pages } })
const API = { apiId: 'a1b2c3d4e5', stage: 'prod', domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com' }

test('the client is told an id at once, and a job for a worker is in the queue', async () => {
  const { join, shelf } = desk()
  const ann = join()
  await ann.connect()
  const { frames } = await ann.send(ask(3), API)
  const { taskId } = toldBy(frames[0])
  assert.equal(frames, [{ action: 'report', id: '1', data: { taskId } }])
  const [{ idempotencyKey, ...job } = {}] = shelf.jobs
  assert.equal(job, {
    kind: 'task',
    taskId,
    name: 'report',
    data: { pages: 3 },
    connectionId: ann.connectionId,
    api: API,
    attempts: 2,
    keepMs: 60_000,
  })
  assert.match(idempotencyKey ?? '', new RegExp(`^${ann.connectionId}/id/1/`))
})

test('the id is one that nobody guesses, whatever chance the application was given', async () => {
  const ids: string[] = []
  for (const _ of [1, 2]) {
    const { join } = desk({ options: { random: () => 0.5 } })
    const ann = join('ann=')
    await ann.connect()
    const { frames } = await ann.send(ask(3))
    ids.push(toldBy(frames[0]).taskId)
  }
  for (const id of ids) assert.match(id, UUID)
  assert.is.not(ids[0], ids[1])
})

test('a message without an id begins a task, and each one begins another', async () => {
  const { join, shelf } = desk()
  const ann = join()
  await ann.connect()
  const { id: _, ...bare } = ask(3)
  const told = [await ann.send(bare), await ann.send(bare)].map(({ frames }) => toldBy(frames[0]).taskId)
  assert.equal(
    shelf.jobs.map(({ taskId }) => taskId),
    told,
  )
  assert.is(new Set(shelf.jobs.map(({ idempotencyKey }) => idempotencyKey)).size, 2)
})

test('a message that comes again gets the same task, and begins nothing', async () => {
  const { join, shelf } = desk()
  const ann = join()
  await ann.connect()
  const first = await ann.send(ask(3))
  const again = await ann.send(ask(3))
  assert.equal(again.frames, first.frames)
  assert.is(shelf.jobs.length, 1)
})

test('two of the same message at once begin one task', async () => {
  const { join, shelf } = desk()
  const ann = join()
  await ann.connect()
  await Promise.all([ann.send(ask(3)), ann.send(ask(3))])
  const late = await ann.send(ask(3))
  assert.equal(new Set(shelf.jobs.map(({ taskId }) => taskId)), new Set([toldBy(late.frames[0]).taskId]))
})

test('another message under the same id, and the same one of another peer, begin a task of their own', async () => {
  const { join, shelf } = desk()
  const [ann, bob] = [join(), join()]
  await ann.connect()
  await bob.connect()
  await ann.send(ask(3))
  await ann.send(ask(4))
  await ann.send({ action: 'echo', id: '1', data: { pages: 3 } })
  await bob.send(ask(3))
  assert.is(new Set(shelf.jobs.map(({ taskId }) => taskId)).size, 4)
  assert.is(new Set(shelf.jobs.map(({ idempotencyKey }) => idempotencyKey)).size, 4)
})

test('what travels is what the schema made of the data', async () => {
  const line = wire()
  const { queue, jobs } = shelf()
  const Day = v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  )
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .task('on', v.object({ day: Day, note: v.optional(v.string(), 'none') }), { queue }, () => {})
    .build()
  const ann = peer(app, line)
  await ann.connect()
  await ann.send({ action: 'on', data: { day: '2026-01-01' } })
  assert.equal(jobs[0]?.data, { day: '2026-01-01T00:00:00.000Z', note: 'none' })
})

test('data that is too large for any queue is refused with its size, and nothing is kept of it', async () => {
  const line = wire()
  const { queue, jobs } = shelf()
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(faulty(memory(), { seed: 1, lostRequests: 1, calls: ['put', 'claim'] }))
    .onConnect(() => accept())
    .task(
      'write',
      v.pipe(
        v.string(),
        v.transform((text) => text.repeat(3)),
      ),
      { queue },
      () => {},
    )
    .build()
  const ann = peer(app, line)
  await ann.connect()
  const { frames } = await ann.send({ action: 'write', id: '1', data: 'é'.repeat(50_000) })
  const { code, message, details } = errorOf(frames[0])
  const { bytes, maxBytes } = Object(details)
  assert.is(code, 'RESOURCE_EXHAUSTED')
  assert.is(maxBytes, 262_144)
  assert.ok(bytes > 300_000 && bytes < 301_000, String(bytes))
  assert.is(
    message,
    `The task 'write' takes ${bytes} bytes in its queue; 262144 are carried. Keep what is large elsewhere, and say where.`,
  )
  assert.equal(jobs, [])
})

test('what is kept of who asks counts, too, and is no part of the job', async () => {
  const line = wire()
  const { queue, jobs } = shelf()
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .authorizer(
      v.object({
        rights: v.pipe(
          v.string(),
          v.toNumber(),
          v.transform((count) => 'x'.repeat(count)),
        ),
      }),
    )
    .store(memory())
    .onConnect(() => accept())
    .task('write', v.string(), { queue }, () => {})
    .build()
  const ann = peer(app, line)
  await ann.connect({ authorizer: { rights: '1' } })
  const write = { action: 'write', data: 'x'.repeat(100_000) }
  const { frames } = await ann.send(write, { authorizer: { rights: '162144' } })
  assert.is(errorOf(frames[0]).code, 'RESOURCE_EXHAUSTED')
  assert.equal(jobs, [])
  await ann.send(write, { authorizer: { rights: '160000' } })
  assert.is(jobs.length, 1)
  assert.not('authorizer' in Object(jobs[0]))
})

test('data that a schema made into what is no JSON is the mistake of the server', async () => {
  const line = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .task(
      'count',
      v.pipe(
        v.number(),
        v.transform((count) => BigInt(count)),
      ),
      { queue: shelf().queue },
      () => {},
    )
    .build()
  const ann = peer(app, line)
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'count', id: '1', data: 3 })).frames), ['INTERNAL'])
  assert.equal(errors.map(String), [
    "TypeError: What the schema of the task 'count' makes of the data is not JSON, and travels as such.",
  ])
})

test('a queue that takes nothing is told to the client, and the same message later begins that task', async () => {
  const { join, shelf, errors } = desk()
  const ann = join()
  await ann.connect()
  shelf.isDown = true
  const { frames } = await ann.send(ask(3))
  assert.equal(errorOf(frames[0]), {
    code: 'UNAVAILABLE',
    message: 'The task could not be put into its queue. Send the message again with the same id.',
    retryAfterMs: 1_000,
  })
  assert.equal(
    errors.map((error) => String(Object(error).cause)),
    ['Error: the queue is down'],
  )
  shelf.isDown = false
  const { taskId } = toldBy((await ann.send(ask(3))).frames[0])
  await ann.send(ask(3))
  assert.equal(
    shelf.jobs.map((job) => job.taskId),
    [taskId],
  )
})

for (const fault of ['lostRequests', 'lostAnswers'] as const)
  for (let nth = 1; nth <= 4; nth++)
    test(`a store with ${fault} at its call number ${nth} loses no task, and the same message later begins one`, async () => {
      let calls = 0
      const time = fakeTime()
      const good = memory({ now: time.now })
      const broken = faulty(good, { seed: 1, [fault]: 1, calls: ['put', 'claim'] })
      const { blobs } = good
      const { blobs: failing } = broken
      if (!blobs || !failing) throw new Error('memory() keeps texts.')
      const turn = () => (++calls === nth ? failing : blobs)
      const { join, shelf, errors } = desk({
        time,
        store: {
          ...good,
          blobs: { ...blobs, put: (...given) => turn().put(...given), claim: (...given) => turn().claim(...given) },
        },
      })
      const ann = join()
      await ann.connect()
      const [first] = codes((await ann.send(ask(3))).frames)
      // Only its own receipt comes after the job.
      if (nth < 4) assert.is(first, 'UNAVAILABLE')
      assert.is(shelf.jobs.length, nth < 4 ? 0 : 1)
      assert.is(errors.length, 1)
      time.at += 10_001
      const { taskId } = toldBy((await ann.send(ask(3))).frames[0])
      assert.equal(new Set(shelf.jobs.map((job) => job.taskId)), new Set([taskId]))
    })

test('under a protocol the job leaves once the message is stored', async () => {
  const { join, shelf, store } = orderly(memory())
  const ann = join()
  await ann.connect()
  assert.match(toldBy((await ann.send(ask(3))).frames[0]).taskId, UUID)
  assert.is(shelf.jobs.length, 1)
  assert.is((await store.records.read(ann.connectionId))?.state?.value, 'busy')
  assert.equal(codes((await ann.send(ask(4, '2'))).frames), ['FAILED_PRECONDITION'])
  assert.is(shelf.jobs.length, 1)
})

/** A store that does not answer when a report has been accepted, while it is down. */
const forgetful = (now: () => number) => {
  const good = memory({ now })
  const { records, commit } = good
  const state = { isDown: true, commits: 0 }
  const check = ({ state: stored, claim }: ConnectionRecord) => {
    if (stored?.value !== 'busy' || claim) return
    state.commits++
    if (state.isDown) throw new Error('the store is down')
  }
  const store: Store = {
    ...good,
    records: {
      ...records,
      replace: async (id, version, next) => {
        check(next)
        return records.replace(id, version, next)
      },
    },
    ...(commit && {
      commit: async (id, version, next, changes) => {
        check(next)
        return commit(id, version, next, changes)
      },
    }),
  }
  return Object.assign(state, { store })
}

test('under a protocol nothing is queued where the commit fails, and the same message later begins the task', async () => {
  const time = fakeTime()
  const broken = forgetful(time.now)
  const { join, shelf, store } = orderly(broken.store, { clock: time })
  const ann = join()
  await ann.connect()
  const [failed] = codes((await ann.send(ask(3))).frames)
  assert.ok(['UNKNOWN', 'ABORTED', 'UNAVAILABLE'].includes(String(failed)), String(failed))
  assert.ok(broken.commits > 0)
  assert.equal(shelf.jobs, [])
  broken.isDown = false
  // Until nobody holds the connection any more.
  time.at += 60_000
  const { frames } = await ann.send(ask(3))
  assert.equal(
    shelf.jobs.map(({ taskId }) => taskId),
    [toldBy(frames[0]).taskId],
  )
  assert.is((await store.records.read(ann.connectionId))?.state?.value, 'busy')
})

test('a job that cannot be sent once its message is stored ends the task as failed, and the machine knows', async () => {
  const { join, shelf, store, errors } = orderly(memory())
  const ann = join()
  await ann.connect()
  shelf.isDown = true
  const { frames } = await ann.send(ask(3))
  const reply = frames.find((frame) => Object(frame).action === 'report')
  const { taskId } = toldBy(reply)
  const end = {
    taskId,
    name: 'report',
    state: 'failed',
    error: { code: 'UNAVAILABLE', message: 'The task could not be put into its queue.' },
  }
  assert.equal(
    frames.filter((frame) => Object(frame).event === '$task'),
    [{ event: '$task', data: end }],
  )
  assert.is((await store.records.read(ann.connectionId))?.state?.value, 'idle')
  assert.equal(errors.map(String), [
    "Error: The task 'report' ends as failed: its message was stored, and its job could not be sent.",
  ])
  const asked = await ann.send({ action: '$task', id: '2', data: { taskId } })
  assert.equal(toldBy(asked.frames[0]), end)
  shelf.isDown = false
  assert.match(toldBy((await ann.send(ask(3, '3'))).frames[0]).taskId, UUID)
  assert.is(shelf.jobs.length, 1)
})

test('where the store is down then, too, the owner hears of both', async () => {
  const time = fakeTime()
  const good = memory({ now: time.now })
  const { create } = good.records
  const state = { isDown: false }
  const records: typeof good.records = {
    ...good.records,
    create: async (...given) => {
      if (state.isDown) throw new Error('the store is down')
      return create(...given)
    },
  }
  const { join, shelf, errors } = orderly({ ...good, records }, { clock: time })
  const ann = join()
  await ann.connect()
  shelf.isDown = state.isDown = true
  assert.match(toldBy((await ann.send(ask(3))).frames[0]).taskId, UUID)
  assert.equal(errors.map(String), [
    'Error: the store is down',
    "Error: The task 'report' ends as failed: its message was stored, and its job could not be sent.",
  ])
})

test.run()
