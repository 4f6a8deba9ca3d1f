import type { SQSEvent } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Tasking, type Warning, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import { insideOf } from '../../lib/local/inside.ts'
import { tasksOf } from '../../lib/task/task.ts'
import { type Queue, sqsOf, type Work } from '../kit/sqs.ts'
import { peer, wire } from '../kit/wire.ts'
import { fakeTime } from '../protocol/kit.ts'
import { errorOf, toldBy } from './desk.ts'

const test = suite('task: queues')
const sqs = sqsOf()
test.after(sqs.end)

/** An application with one task, which does what it is told to. */
const typing = (queue: Tasking, run: (text: string) => unknown = (text) => text) => {
  const line = wire()
  const warnings: Warning[] = []
  const time = fakeTime()
  const app = ws({ gateway: line.gateway, warn: (warning) => void warnings.push(warning), clock: time })
    .store(memory({ now: time.now }))
    .onConnect(() => accept())
    .onError(() => {})
    .task('type', v.string(), { queue, attempts: 2 }, ({ data }) => run(data))
    .build()
  return { app, line, warnings, ann: peer(app, line) }
}

const inSqs = ({ client, queueUrl }: Queue) => typing(sqsTasks({ client, queueUrl }))

const say = (data: string) => ({ action: 'type', id: '1', data })

test('sqsTasks puts the job into the queue as JSON, with no delay', async () => {
  const queue = await sqs.queue()
  const { ann } = inSqs(queue)
  await ann.connect()
  const { taskId } = toldBy((await ann.send(say('hello'))).frames[0])
  assert.equal(await queue.counts(), { delayed: 0, ready: 1 })
  const [job] = await taken(queue)
  assert.equal([job?.kind, job?.taskId, job?.data], ['task', taskId, 'hello'])
})

test('characters that SQS has not travel all the same', async () => {
  const queue = await sqs.queue()
  const bodies: string[] = []
  const client = {
    send: async (command: { readonly input: { readonly MessageBody?: string } }) => {
      bodies.push(command.input.MessageBody ?? '')
    },
  }
  const { ann } = typing(sqsTasks({ client, queueUrl: queue.queueUrl }))
  await ann.connect()
  const odd = 'a\uFFFEb\uFFFFc\u0001d😀'
  await ann.send(say(odd))
  // What a message may have (SQS API reference, SendMessage).
  assert.match(bodies[0] ?? '', /^[\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u)
  assert.is(JSON.parse(bodies[0] ?? '').data, odd)
})

test('a queue that is gone is told to the client as UNAVAILABLE', async () => {
  const queue = await sqs.queue()
  const { ann } = inSqs(queue)
  await ann.connect()
  await queue.drop()
  assert.is(errorOf((await ann.send(say('hello'))).frames[0]).code, 'UNAVAILABLE')
})

test('a message is held for as many seconds as its worker says', async () => {
  const queue = await sqs.queue()
  const { app, ann } = inSqs(queue)
  const { plan } = insideOf(app) ?? {}
  const { hold } = (plan && tasksOf(plan).get('type')?.queue) ?? {}
  await ann.connect()
  await ann.send(say('hello'))
  const ready: number[] = []
  await queue.deliver(async ({ Records: [record] }) => {
    for (const seconds of [60, 0]) {
      if (record) await hold?.(record, seconds)
      ready.push((await queue.counts()).ready)
    }
    return { batchItemFailures: [] }
  })
  assert.equal(ready, [0, 1])
})

test('what is no client, no URL, a FIFO queue or no option is refused in a sentence', () => {
  const client = { send: async () => {} }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/123456789012/tasks'
  const refused = (options: unknown) => {
    try {
      // What plain JavaScript could pass.
      sqsTasks(options as never)
    } catch (error) {
      return String(error)
    }
    throw new Error('It was taken.')
  }
  const needed = (what: string, where: string) => `TypeError: ${what} is missing in ${where}.`
  assert.is(refused(undefined), needed('An object', 'sqsTasks()'))
  assert.is(refused({ queueUrl }), needed('An SQSClient of @aws-sdk/client-sqs', 'sqsTasks({ client })'))
  for (const other of [undefined, '', 'tasks', 42])
    assert.is(refused({ client, queueUrl: other }), needed('The https:// URL of a queue', 'sqsTasks({ queueUrl })'))
  assert.is(
    refused({ client, queueUrl: `${queueUrl}.fifo` }),
    `TypeError: A FIFO queue keeps tasks waiting for one another. Make a standard queue. ('${queueUrl}.fifo' in sqsTasks())`,
  )
  assert.match(refused({ client, queueUrl, delay: 1 }), /sqsTasks\(\) has no such option/)
})

/** Take what is in the queue, as Lambda would. */
const taken = async (queue: Queue) => {
  const jobs: { readonly kind: string; readonly taskId: string; readonly data: unknown }[] = []
  const work: Work = async ({ Records }: SQSEvent) => {
    jobs.push(...Records.map(({ body }) => JSON.parse(body)))
    return { batchItemFailures: [] }
  }
  await queue.drain(work)
  return jobs
}

test.run()
