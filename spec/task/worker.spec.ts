import { ChangeMessageVisibilityCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import { runTask, type WorkerApp, worker } from 'ws-interlock/worker'
import { type Queue, sqsOf } from '../kit/sqs.ts'
import { latch, peer, wire } from '../kit/wire.ts'
import { quiet, rejection } from '../protocol/kit.ts'
import {
  alive,
  begin,
  eventOf,
  type Facts,
  gated,
  type Life,
  mortal,
  plant,
  slowTime,
  turns,
  wordsOf,
} from './plant.ts'

const test = suite('task: its worker')
const sqs = sqsOf()
test.after(sqs.end)

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())
/** The AWS SDK says on the same log, once per process, which Node it will need. */
const said = () => log.flatMap((line) => (line instanceof Error ? [line.message] : []))

/** An application whose tasks wait in an SQS. */
const factory = (queue: Queue, run: (facts: Facts) => unknown) => {
  const { time, advance } = slowTime()
  const line = wire()
  const store = memory({ now: time.now })
  const tasking = sqsTasks({ client: queue.client, queueUrl: queue.queueUrl })
  const life: Life = { asleep: undefined }
  const appOf = (own: typeof run, kept = store) =>
    ws({ gateway: line.gateway, clock: time, random: () => 0.5, warn: () => {} })
      .store(kept)
      .onConnect(() => accept())
      .task('report', v.object({ pages: v.number() }), { queue: tasking }, (facts) => own(facts))
      .build()
  const app = appOf(run)
  const ann = peer(app, line, 'ann')
  return {
    ann,
    line,
    advance,
    work: worker(appOf(run, alive(store, mortal(life)))),
    /** Of `work`: its store never answers again. */
    kill: () => {
      life.asleep = new Promise(() => {})
    },
    workBy: (own: typeof run) => worker(appOf(own)),
    ask: async (pages: number) => ann.send({ action: 'report', id: `${pages}`, data: { pages } }),
  }
}

test('a task that fails whenever it is tried is told to its client once, ends in the dead-letter queue and keeps no other', async () => {
  const dead = await sqs.queue()
  const queue = await sqs.queue({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount: 3 }),
  })
  const attempts: unknown[] = []
  const { ann, line, work, ask, advance } = factory(queue, ({ data, attempt }) => {
    attempts.push([Object(data).pages, attempt])
    if (Object(data).pages === 13) throw new RangeError('no page 13')
    return 'well'
  })
  await ann.connect()
  await ask(13)
  line.taken('ann')
  for (let attempt = 1; attempt <= 3; attempt++) {
    assert.is((await queue.deliver(work)).batchItemFailures.length, 1)
    await advance(30_000)
  }
  assert.equal(wordsOf(line.taken('ann')), ['failed INTERNAL'])
  // SQS moves it when it would be received for the fourth time, which the worker then never sees.
  await ask(7)
  assert.equal(await queue.deliver(work), { batchItemFailures: [] })
  assert.equal(attempts, [
    [13, 1],
    [13, 2],
    [13, 3],
    [7, 1],
  ])
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
  assert.equal(await dead.counts(), { delayed: 0, ready: 1 })
  assert.is(said().length, 3)
})

test('the message of a running task is kept from others, and run again by one of them when its worker was killed', async () => {
  // Whoever has taken a message keeps it for no time at all, unless it says so.
  const queue = await sqs.queue({ VisibilityTimeout: '0' })
  const { client, queueUrl: QueueUrl } = queue
  const begun = latch()
  const { ann, line, work, workBy, ask, advance, kill } = factory(queue, () => {
    begun.open()
    return new Promise(() => {})
  })
  await ann.connect()
  await ask(7)
  line.taken('ann')
  const { Messages: [message] = [] } = await client.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }),
  )
  const { ReceiptHandle, Body } = message ?? {}
  const record = { ...eventOf(Body ?? '').Records[0], receiptHandle: ReceiptHandle }
  void work({ Records: [record] } as Parameters<typeof work>[0]) // of which no more is read
  await begun.passed
  while ((await queue.counts()).ready > 0) await turns()
  await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }))
  // It still runs, as far as anybody knows.
  const other = workBy(() => 'by another')
  assert.is((await queue.deliver(other)).batchItemFailures.length, 1)
  assert.equal(line.taken('ann'), [])
  kill()
  await advance(60_000)
  assert.equal(await queue.deliver(other), { batchItemFailures: [] })
  assert.equal(wordsOf(line.taken('ann')), ['done by another'])
  assert.equal(await queue.counts(), { delayed: 0, ready: 0 })
})

test('a batch of tasks is worked on together, and each fails alone', async () => {
  const queue = await sqs.queue()
  const { ann, line, work, ask } = factory(queue, async ({ data, progress }) => {
    const { pages } = Object(data)
    await progress(pages / 10)
    if (pages === 3) throw new RangeError('no page 3')
    return pages
  })
  await ann.connect()
  for (let pages = 1; pages <= 5; pages++) await ask(pages)
  line.taken('ann')
  assert.is((await queue.deliver(work, 5)).batchItemFailures.length, 1)
  assert.equal(wordsOf(line.taken('ann')).sort(), [
    'done 1',
    'done 2',
    'done 4',
    'done 5',
    'running 0.1',
    'running 0.2',
    'running 0.3',
    'running 0.4',
    'running 0.5',
  ])
})

test('a task invoked by itself counts its attempts in the store, and throws until it is done', async () => {
  const attempts: number[] = []
  const works = plant(({ attempt }) => {
    attempts.push(attempt)
    if (attempt < 3) throw new RangeError('not yet')
    return 'well'
  })
  const job = await begin(works)
  works.line.taken('ann')
  const sentence = `Error: The task 'report' (${job.taskId}) is not done. The log says why.`
  for (let time = 0; time < 2; time++) {
    assert.is(String(await rejection(works.runTask(job))), sentence)
    await works.advance(60_000)
  }
  assert.is(await works.runTask(job), undefined)
  assert.equal(attempts, [1, 2, 3])
  assert.equal(wordsOf(works.line.taken('ann')), ['done well'])
  assert.is(await works.runTask(job), undefined)
  assert.equal(works.line.taken('ann'), [])
})

test('one that fails as often as it may is told, and throws all the same, however often it comes', async () => {
  const works = plant(() => {
    throw new RangeError('never')
  })
  const job = await begin(works)
  works.line.taken('ann')
  for (let time = 0; time < 5; time++) {
    assert.match(String(await rejection(works.runTask(job))), /is not done/)
    await works.advance(60_000)
  }
  assert.equal(wordsOf(works.line.taken('ann')), ['failed INTERNAL'])
})

test('one that runs elsewhere is no attempt', async () => {
  const gate = gated(({ attempt }) => attempt)
  const works = plant(gate.run)
  const job = await begin(works)
  works.line.taken('ann')
  const running = works.runTask(job)
  await gate.begun.passed
  for (let time = 0; time < 5; time++) assert.match(String(await rejection(works.runTask(job))), /is not done/)
  gate.go.open()
  await running
  assert.equal(wordsOf(works.line.taken('ann')), ['done 1'])
})

test('what is no task is refused in a sentence, by a worker of tasks as by one that has none', async () => {
  const works = plant(() => 'well')
  const job = await begin(works)
  for (const odd of [undefined, 'report', {}, { ...job, taskId: '../../x' }])
    assert.match(String(await rejection(works.runTask(odd))), /^TypeError: It is no task: \{ "kind": "task", /)
  assert.is(await works.take({ kind: 'deadline' }), false)
  assert.match(String(said().at(-1)), /Its kind is 'deadline'; this worker does task\.$/)
  for (const app of [
    42,
    ws({ warn: () => {} })
      .onConnect(() => accept())
      .build(),
  ])
    assert.throws(() => runTask(app as WorkerApp), /is missing in runTask\(app\)/)
})

test.run()
