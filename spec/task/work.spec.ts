import type { Context } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, NotFoundError, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { worker } from 'ws-interlock/worker'
import { lambdaWith, peer, wire } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { begin, eventOf, gated, plant, stopping, turns, wordsOf } from './plant.ts'

const test = suite('task: worked on')

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())
const said = () => log.map((line) => (line instanceof Error ? line.message : String(line)))

test('a task runs once with what its message carried, and its client is told the result', async () => {
  const seen: unknown[] = []
  const works = plant(({ progress: _, signal, server, ...facts }) => {
    seen.push({ ...facts, aborted: signal.aborted, reaches: typeof Object(server).connection })
    return { rows: 7 }
  })
  const { taskId, idempotencyKey } = await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(), true)
  assert.equal(seen, [
    {
      phase: 'task',
      taskId,
      name: 'report',
      data: { pages: 3 },
      connection: { id: 'ann', userId: undefined },
      authorizer: undefined,
      attempt: 1,
      idempotencyKey,
      lambda: undefined,
      aborted: false,
      reaches: 'function',
    },
  ])
  assert.equal(works.line.taken('ann'), [
    { event: '$task', data: { taskId, name: 'report', state: 'done', result: { rows: 7 } } },
  ])
  assert.equal(said(), [])
})

test('a second delivery while it runs waits, and one after its end runs nothing and tells nothing', async () => {
  const gate = gated()
  const works = plant(gate.run)
  const { taskId } = await begin(works)
  works.line.taken('ann')
  const other = works.instance()
  const first = works.take()
  await gate.begun.passed
  assert.is(await other.take(undefined, 2), false)
  assert.equal(said(), [`The task 'report' (${taskId}) is left for later: another worker has it.`])
  gate.go.open()
  assert.is(await first, true)
  assert.is(await other.take(undefined, 3), true)
  assert.is(gate.seen.length, 1)
  assert.equal(wordsOf(works.line.taken('ann')), ['done well'])
})

/** A store whose reading of such a text fails while it is down. */
const dimmed = (of: RegExp) => {
  const faults = { isDown: false }
  const store = (kept: Store): Store => {
    const { blobs } = kept
    if (!blobs) throw new Error('memory() keeps texts.')
    const get: typeof blobs.get = async (key) => {
      if (faults.isDown && of.test(key)) throw new Error('the store is down')
      return blobs.get(key)
    }
    return { ...kept, blobs: { ...blobs, get } }
  }
  return { faults, store }
}

test('a worker that cannot read what a task is, or whether it is to run, keeps no other from it', async () => {
  for (const of of [/^task\/[\w-]+$/, /\/cancel$/]) {
    const { faults, store } = dimmed(of)
    const works = plant(() => 'well', { store })
    await begin(works)
    works.line.taken('ann')
    faults.isDown = true
    assert.is(await works.take(undefined, 1), false)
    faults.isDown = false
    // A lease that was taken is over in a second; one that was left is not.
    await works.advance(1_000)
    assert.is(await works.take(undefined, 2), true)
    assert.equal(wordsOf(works.line.taken('ann')), ['done well'])
  }
})

test('the function of a task knows who asked for it, whatever somebody else writes into the queue', async () => {
  const line = wire()
  const jobs: TaskJob[] = []
  const queue = tasks({ send: async (job) => void jobs.push(job) })
  const seen: unknown[] = []
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .authorizer(v.object({ since: v.pipe(v.string(), v.toDate()) }))
    .store(memory())
    .connection(v.string())
    .onConnect(() => accept())
    .on('hello', ({ connection }) => connection.identify('ann@example.com'))
    .task('report', v.object({ day: v.pipe(v.string(), v.toDate()) }), { queue }, (context) => {
      const { authorizer, connection, data } = context
      // As texts, which the types know.
      const days: readonly string[] = [authorizer.since, data.day]
      seen.push([connection, ...days])
    })
    .build()
  const ann = peer(app, line, 'ann')
  const authorizer = { since: '2020-02-02T00:00:00.000Z' }
  await ann.connect({ authorizer })
  await ann.send({ action: 'hello' }, { authorizer })
  await ann.send({ action: 'report', data: { day: '2026-01-01' } }, { authorizer })
  const forged = { ...jobs[0], userId: 'eve', authorizer: { since: 'never' }, connection: { userId: 'eve' } }
  assert.equal(await worker(app)(eventOf(forged)), { batchItemFailures: [] })
  assert.equal(seen, [
    [{ id: 'ann', userId: 'ann@example.com' }, '2020-02-02T00:00:00.000Z', '2026-01-01T00:00:00.000Z'],
  ])
})

test('what is no refusal is tried again, until it was tried as often as it may; then the client is told and the record fails', async () => {
  const attempts: number[] = []
  const works = plant(({ attempt, idempotencyKey }) => {
    attempts.push(attempt)
    throw new RangeError(`no ink for ${idempotencyKey}`)
  })
  const { taskId } = await begin(works)
  works.line.taken('ann')
  for (const attempt of [1, 2]) {
    assert.is(await works.take(undefined, attempt), false)
    await works.advance(30_000)
  }
  assert.equal(works.line.taken('ann'), [])
  assert.is(await works.take(undefined, 3), false)
  assert.equal(works.line.taken('ann'), [
    {
      event: '$task',
      data: { taskId, name: 'report', state: 'failed', error: { code: 'INTERNAL', message: 'Internal error' } },
    },
  ])
  assert.equal(attempts, [1, 2, 3])
  assert.match(String(said()[0]), `The task 'report' (${taskId}) has failed at attempt 1 of 3: no ink for`)
  // A queue that lets it come once more gets the same answer, so that it ends where such jobs are kept.
  assert.is(await works.take(undefined, 4), false)
  assert.equal(works.line.taken('ann'), [])
})

test('a refusal that the task throws is its end, told as it is, and no failure of the record', async () => {
  const works = plant(() => {
    throw new NotFoundError('There is no such report.', { details: { pages: 3 } })
  })
  const { taskId } = await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(), true)
  const error = { code: 'NOT_FOUND', message: 'There is no such report.', details: { pages: 3 } }
  assert.equal(works.line.taken('ann'), [{ event: '$task', data: { taskId, name: 'report', state: 'failed', error } }])
  assert.equal(said(), [])
})

test('a task that is cancelled before its turn never runs', async () => {
  const gate = gated()
  const works = plant(gate.run)
  const { taskId } = await begin(works)
  await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
  works.line.taken('ann')
  assert.is(await works.take(), true)
  assert.is(gate.seen.length, 0)
  assert.equal(wordsOf(works.line.taken('ann')), ['cancelled'])
})

test('a task that is cancelled while it runs hears of it within two seconds, or at its next step', async () => {
  const stops = stopping()
  const works = plant(stops.run)
  const { taskId } = await begin(works)
  const running = works.take()
  await stops.begun.passed
  await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
  works.line.taken('ann')
  await works.advance(1_900)
  assert.equal(works.line.taken('ann'), [])
  await works.advance(100)
  assert.is(await running, true)
  assert.equal(wordsOf(works.line.taken('ann')), ['cancelled'])
  assert.is(String(stops.seen[0]?.signal.reason), 'AbortError: The task was cancelled.')

  const gate = gated(({ progress }) => progress(0.5))
  const steps = plant(gate.run)
  const second = await begin(steps)
  const stepping = steps.take()
  await gate.begun.passed
  await steps.ann.send({ action: '$cancel', id: 'c', data: { taskId: second.taskId } })
  steps.line.taken('ann')
  gate.go.open()
  assert.is(await stepping, true)
  assert.equal(wordsOf(steps.line.taken('ann')), ['cancelled'])
})

test('a cancelled task ends as cancelled whatever its function makes of the signal', async () => {
  const gate = gated(() => 'all of it')
  const works = plant(gate.run)
  const { taskId } = await begin(works)
  const running = works.take()
  await gate.begun.passed
  await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
  works.line.taken('ann')
  await works.advance(2_000)
  assert.is(gate.seen[0]?.signal.aborted, true)
  gate.go.open()
  assert.is(await running, true)
  assert.equal(wordsOf(works.line.taken('ann')), ['cancelled'])
})

test('a cancel in the last moment is heard, too; what a task has come to is not lost where the store does not say', async () => {
  const { faults, store } = dimmed(/\/cancel$/)
  for (const isDown of [false, true]) {
    const gate = gated(() => 'all of it')
    const works = plant(gate.run, { store })
    const { taskId } = await begin(works)
    const running = works.take()
    await gate.begun.passed
    await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
    works.line.taken('ann')
    faults.isDown = isDown
    gate.go.open()
    assert.is(await running, true)
    assert.is(gate.seen[0]?.signal.aborted, false)
    assert.equal(wordsOf(works.line.taken('ann')), [isDown ? 'done all of it' : 'cancelled'])
  }
})

test('a task that fails after it was cancelled is not tried again', async () => {
  const gate = gated(() => {
    throw new RangeError('no ink')
  })
  const works = plant(gate.run)
  const { taskId } = await begin(works)
  const running = works.take()
  await gate.begun.passed
  await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
  works.line.taken('ann')
  gate.go.open()
  assert.is(await running, true)
  assert.equal(wordsOf(works.line.taken('ann')), ['cancelled'])
})

test('a cancel after the end changes nothing, and says how the task ended', async () => {
  const works = plant(() => 'well')
  const { taskId } = await begin(works)
  await works.take()
  works.line.taken('ann')
  const { frames } = await works.ann.send({ action: '$cancel', id: 'c', data: { taskId } })
  assert.equal(frames, [
    { action: '$cancel', id: 'c', data: { taskId, name: 'report', state: 'done', result: 'well' } },
  ])
  assert.is(await works.take(undefined, 2), true)
  assert.equal(works.line.taken('ann'), [])
})

test('a task that is bound to its client stops when that is gone, and goes on where another connection follows it', async () => {
  const stops = stopping()
  const works = plant(stops.run, { onDisconnect: 'cancel' })
  await begin(works)
  const running = works.take()
  await stops.begun.passed
  await works.advance(60_000)
  works.faults.gone = true
  await works.advance(5_000)
  assert.is(await running, true)
  assert.is(stops.seen[0]?.signal.aborted, true)

  const gate = gated(({ progress }) => progress(0.5))
  const moved = plant(gate.run, { onDisconnect: 'cancel' })
  const { taskId } = await begin(moved)
  const going = moved.take()
  await gate.begun.passed
  moved.line.cut('ann')
  await moved.bob.connect()
  await moved.bob.send({ action: '$task', id: 'f', data: { taskId } })
  gate.go.open()
  assert.is(await going, true)
  assert.equal(wordsOf(moved.line.taken('bob')), ['running 0.5', 'done'])
})

test('a step that finds nobody is the end of a task that is bound to its client, and of no other', async () => {
  for (const [onDisconnect, end] of [
    ['cancel', 'cancelled'],
    ['continue', 'done well'],
  ] as const) {
    const gate = gated(async ({ progress }) => {
      await progress(0.5)
      return 'well'
    })
    const works = plant(gate.run, { onDisconnect })
    const { taskId } = await begin(works)
    const running = works.take()
    await gate.begun.passed
    works.line.cut('ann')
    gate.go.open()
    await running
    await works.bob.connect()
    await works.bob.send({ action: '$task', id: 'f', data: { taskId } })
    const { frames } = await works.bob.send({ action: '$task', id: 'g', data: { taskId } })
    assert.is(wordsOf(frames.map((frame) => ({ ...Object(frame), event: '$task' })))[0], end)
  }
})

test('a result that no frame carries, that is not JSON, or that its route does not know ends the task as failed, and is not made again', async () => {
  const results: readonly (readonly [action: string, result: unknown, code: string, why: RegExp])[] = [
    ['report', 'x'.repeat(131_072), 'RESOURCE_EXHAUSTED', /takes 132\d\d\d bytes as a frame, and 131072 are carried/],
    ['report', 10n, 'INTERNAL', /is not JSON/],
    ['count', 'seven', 'INTERNAL', /ends as failed/],
  ]
  for (const [action, result, code, why] of results) {
    let runs = 0
    const works = plant(() => {
      runs++
      return result
    })
    await begin(works, action)
    works.line.taken('ann')
    const before = log.length
    assert.is(await works.take(), true)
    assert.equal(wordsOf(works.line.taken('ann')), [`failed ${code}`])
    assert.match(String(said()[before]), why)
    assert.is(await works.take(undefined, 2), true)
    assert.is(runs, 1)
  }
})

test('a result as large as a reply may carry arrives in full, also for who asks for it under a long id', async () => {
  const result = 'x'.repeat(131_072 - 1_024 - 120)
  const works = plant(() => result)
  const { taskId } = await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(), true)
  assert.equal(wordsOf(works.line.taken('ann')), [`done ${result}`])
  const { frames } = await works.ann.send({ action: '$task', id: '"'.repeat(128), data: { taskId } })
  assert.is(Object(frames[0]).data.result, result)
})

test('a task that this deploy does not know is left for another one, and is told as failed at its last attempt', async () => {
  const works = plant(() => 'well')
  const job = { ...(await begin(works)), name: 'rapport' }
  const begun = JSON.parse((await works.blobs.get(`task/${job.taskId}`)) ?? '')
  await works.blobs.put(`task/${job.taskId}`, JSON.stringify({ ...begun, name: 'rapport' }), 60)
  works.line.taken('ann')
  assert.is(await works.take(job, 1), false)
  await works.advance(30_000)
  assert.equal(works.line.taken('ann'), [])
  assert.is(await works.take(job, 3), false)
  assert.equal(wordsOf(works.line.taken('ann')), ['failed INTERNAL'])
  assert.match(String(said()[0]), /has failed at attempt 1 of 3: This deploy has no such task, but 'report', 'count'\./)
})

test('a job that nobody has begun, or that is none, is never run', async () => {
  const gate = gated()
  const works = plant(gate.run)
  const job = await begin(works)
  const forged: readonly (readonly [job: unknown, why: RegExp])[] = [
    [{ ...job, taskId: 'another' }, /No task 'report' with the id 'another' has begun for the connection 'ann'/],
    [{ ...job, connectionId: 'bob' }, /has begun for the connection 'bob'/],
    [{ ...job, name: 'count' }, /No task 'count'/],
    [{ ...job, taskId: `${job.taskId}/end` }, /It is no task: /],
    [{ ...job, attempts: 0 }, /It is no task: /],
    [{ ...job, keepMs: '1' }, /It is no task: /],
    [{ ...job, api: { ...job.api, domainName: 'example.com/?' } }, /It is no task: /],
    [{ ...job, api: { ...job.api, domainName: 'example.com' } }, /No task 'report' with the id/],
    [{ kind: 'task' }, /It is no task: /],
  ]
  for (const [odd, why] of forged) {
    const before = log.length
    assert.is(await works.take(odd as object), false)
    assert.match(String(said()[before]), why)
  }
  assert.is(gate.seen.length, 0)
  // Nor does it keep anybody from the task that is there.
  gate.go.open()
  assert.is(await works.take(), true)
  assert.is(gate.seen.length, 1)
})

/** The context of a worker that has so long to live. A cast, because nothing else of it is read. */
const living = (remainingMs: number) => lambdaWith(remainingMs) as unknown as Context

test('shortly before Lambda kills its worker a task is told to stop, and is tried again', async () => {
  const stops = stopping()
  const works = plant(stops.run)
  await begin(works)
  works.line.taken('ann')
  assert.is(await works.take(undefined, 1, living(510)), false)
  assert.is(stops.seen[0]?.signal.reason.name, 'TimeoutError')
  assert.is(stops.seen[0]?.lambda?.awsRequestId, 'request')
  assert.equal(works.line.taken('ann'), [])
  // One that does not hear is left behind.
  const gate = gated()
  const deaf = works.instance(gate.run)
  await works.advance(1_000)
  assert.is(await deaf.take(undefined, 2, living(510)), false)
  assert.is(gate.seen[0]?.signal.aborted, true)
  // With no time left nothing begins.
  await works.advance(1_000)
  assert.is(await works.take(undefined, 3, living(0)), false)
  assert.is(stops.seen.length, 1)
  assert.is(await works.take(undefined, 3, living(510)), false)
  assert.equal(wordsOf(works.line.taken('ann')), ['failed INTERNAL'])
})

test('the task of a worker that was killed is run by another one, once its lease is over', async () => {
  const gate = gated()
  const works = plant(gate.run)
  await begin(works)
  works.line.taken('ann')
  void works.take()
  await gate.begun.passed
  await works.advance(20_000)
  works.kill()
  const other = works.instance(() => 'by another')
  await works.advance(30_000)
  assert.is(await other.take(undefined, 2), false)
  await works.advance(30_000)
  assert.is(await other.take(undefined, 2), true)
  assert.equal(wordsOf(works.line.taken('ann')), ['done by another'])
  gate.go.open()
  await turns()
  assert.equal(works.line.taken('ann'), [])
})

test('a worker that has slept while another one ended the task has nothing to say when it wakes up', async () => {
  const gate = gated(() => 'by the sleeper')
  const works = plant(gate.run)
  await begin(works)
  works.line.taken('ann')
  const sleeping = works.take()
  await gate.begun.passed
  const wake = works.sleep()
  await works.advance(60_000)
  assert.is(await works.instance(() => 'by another').take(undefined, 2), true)
  assert.equal(wordsOf(works.line.taken('ann')), ['done by another'])
  wake()
  await turns()
  assert.is(String(gate.seen[0]?.signal.reason), 'AbortError: The task has ended elsewhere.')
  gate.go.open()
  assert.is(await sleeping, true)
  assert.equal(works.line.taken('ann'), [])
})

test('a worker that has slept for longer than its lease lasts leaves the task to the one that has it', async () => {
  const gates = [gated(() => 'by the sleeper'), gated(() => 'by another')] as const
  const works = plant(gates[0].run)
  await begin(works)
  works.line.taken('ann')
  const sleeping = works.take()
  await gates[0].begun.passed
  const wake = works.sleep()
  await works.advance(60_000)
  const other = works.instance(gates[1].run).take(undefined, 2)
  await gates[1].begun.passed
  await works.advance(15_000)
  wake()
  await works.advance(15_000)
  assert.is(String(gates[0].seen[0]?.signal.reason), 'AbortError: Another worker has the task.')
  gates[0].go.open()
  assert.is(await sleeping, false)
  // Its farewell is none for the other: that still has the task to itself.
  assert.is(await works.instance().take(undefined, 3), false)
  gates[1].go.open()
  assert.is(await other, true)
  assert.equal(wordsOf(works.line.taken('ann')), ['done by another'])
})

test('what a worker has decided is told by whoever is left, though that one comes to something else', async () => {
  const gates = [gated(() => 'by the first'), gated(() => 'by the second')] as const
  let decided = () => {}
  const works = plant(gates[0].run, {
    store: (kept) => {
      const create: typeof kept.records.create = async (id, record) => {
        const isFirst = await kept.records.create(id, record)
        if (isFirst && id.startsWith('task/')) decided()
        return isFirst
      }
      return { ...kept, records: { ...kept.records, create } }
    },
  })
  await begin(works)
  works.line.taken('ann')
  void works.take()
  await gates[0].begun.passed
  const wake = works.sleep()
  await works.advance(60_000)
  const second = works.instance(gates[1].run).take(undefined, 2)
  await gates[1].begun.passed
  decided = works.kill
  gates[0].go.open()
  wake()
  await turns()
  assert.equal(works.line.taken('ann'), [])
  gates[1].go.open()
  assert.is(await second, true)
  assert.equal(wordsOf(works.line.taken('ann')), ['done by the first'])
})

test('a task whose worker was killed at every attempt is told as failed when its job comes once more', async () => {
  const works = plant(() => new Promise(() => {}))
  await begin(works)
  works.line.taken('ann')
  for (const attempt of [1, 2, 3]) {
    const one = works.instance()
    void one.take(undefined, attempt)
    await works.advance(20_000)
    one.kill()
    await works.advance(60_000)
  }
  assert.is(await works.instance().take(undefined, 4), false)
  assert.equal(wordsOf(works.line.taken('ann')), ['failed INTERNAL'])
  assert.match(
    String(said()[0]),
    /has failed for good: Its job was handed out 4 times, and no attempt came to an end\.$/,
  )
})

test('a job is held for a minute at a time while its task runs, and not a moment longer', async () => {
  const gate = gated()
  const works = plant(gate.run)
  await begin(works)
  const running = works.take()
  await gate.begun.passed
  assert.equal(works.held, [['r1', 60]])
  await works.advance(30_000)
  assert.equal(works.held, [
    ['r1', 60],
    ['r1', 60],
    ['r1', 60],
  ])
  works.faults.holding = true
  await works.advance(15_000)
  assert.equal(said(), ['Nobody may hold it.'])
  gate.go.open()
  assert.is(await running, true)
  await works.advance(60_000)
  assert.is(works.held.length, 4)
})

test.run()
