import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Options, type Warning, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { memoryTasks } from 'ws-interlock/task/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import { fakeClock, testGateway } from 'ws-interlock/testing'
import { latch, peer, wire } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { errorOf, toldBy } from './desk.ts'
import { office } from './office.ts'

const test = suite('task: in this process')

/** A queue that must not be asked while a gateway is open. */
const elsewhere = sqsTasks({
  client: {
    send: async () => {
      throw new Error('It was put into SQS.')
    },
  },
  queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/tasks',
})

/** An application with one task, that fails as often as it is told to. */
const failing = (failures: number, options: Options = {}) => {
  const attempts: number[] = []
  const errors: unknown[] = []
  const app = ws({ warn: () => {}, ...options })
    .store(memory())
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .task('type', v.string(), { queue: elsewhere, attempts: 3 }, ({ data, attempt }) => {
      attempts.push(attempt)
      if (attempts.length <= failures) throw new Error(`no paper, attempt ${attempt}`)
      return data
    })
    .build()
  return { app, attempts, errors }
}

/** What a client has heard of its task, in order. */
const heard = ({ received }: { readonly received: readonly unknown[] }) =>
  received.flatMap((frame) => (Object(frame).event === '$task' ? [Object(Object(frame).data).state] : []))

/** Let everything go on that needs no time. */
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('testGateway runs tasks whatever queue they have, and the client is answered first', async () => {
  const { app } = failing(0)
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  const { taskId } = toldBy(await ann.request('type', 'hello'))
  await gateway.settled()
  const result = { taskId, name: 'type', state: 'done', result: 'hello' }
  assert.equal(ann.received.slice(1), [{ event: '$task', data: result }])
  await gateway.close()
})

test('a message that comes again after the end is told the end again, and runs nothing', async () => {
  const { app, attempts } = failing(0)
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  const message = { action: 'type', id: '1', data: 'hello' }
  ann.send(message)
  await gateway.settled()
  ann.send(message)
  await gateway.settled()
  assert.equal(attempts, [1])
  assert.equal(heard(ann), ['done', 'done'])
  assert.is(new Set(ann.received.map((frame) => toldBy(frame).taskId)).size, 1)
  await gateway.close()
})

test('one that fails comes again after the visibility timeout, by the clock of the gateway', async () => {
  const { app, attempts } = failing(2)
  const gateway = testGateway(app)
  const { log, restore } = quiet()
  const ann = await gateway.connect()
  await ann.request('type', 'hello')
  await gateway.settled()
  assert.equal(attempts, [1])
  await gateway.advance(29_999)
  assert.equal(attempts, [1])
  await gateway.advance(1)
  assert.equal(attempts, [1, 2])
  assert.equal(heard(ann), [])
  await gateway.advance(30_000)
  restore()
  assert.equal(attempts, [1, 2, 3])
  assert.equal(heard(ann), ['done'])
  assert.is(log.length, 2)
  await gateway.close()
})

test('one that has failed in all its attempts ends as failed, and never comes again', async () => {
  const { app, attempts } = failing(9)
  const gateway = testGateway(app)
  const { restore } = quiet()
  const ann = await gateway.connect()
  await ann.request('type', 'hello')
  await gateway.advance(600_000)
  restore()
  assert.equal(attempts, [1, 2, 3])
  assert.equal(heard(ann), ['failed'])
  await gateway.close()
})

test('time stands still while a task is at work, and what beats beside it holds nothing up', async () => {
  const { app, latches, signals } = office({ queue: elsewhere })
  const clock = fakeClock()
  const gateway = testGateway(app, { clock })
  const ann = await gateway.connect()
  const begun = clock.now()
  await ann.request('report', { pages: 1 })
  await latches.begun.passed
  await gateway.settled()
  await turns(40)
  assert.is(clock.now(), begun)
  // No Lambda kills it, either.
  await gateway.advance(120_000)
  assert.is(clock.now(), begun + 120_000)
  assert.is(signals[0]?.aborted, false)
  latches.go.open()
  await gateway.settled()
  assert.equal(heard(ann), ['running', 'done'])
  await gateway.close()
})

test('a task outlives the invocation that began it', async () => {
  let killed = 0
  let done = 0
  for (let seed = 1; seed <= 12; seed++) {
    const { app, attempts } = failing(0)
    const gateway = testGateway(app, { chaos: { kills: 0.6, delays: 0, coldStarts: 0, throttling: 0, seed } })
    const { restore } = quiet()
    const ann = await gateway.connect().catch(() => undefined)
    const before = gateway.chaos?.injected.length ?? 0
    ann?.send({ action: 'type', id: '1', data: 'hello' })
    await gateway.advance(60_000)
    restore()
    if (ann && attempts.length > 0 && (gateway.chaos?.injected.length ?? 0) > before) {
      killed++
      done += heard(ann).filter((state) => state === 'done').length
    }
    await gateway.close()
  }
  assert.ok(killed > 0)
  assert.is(done, killed)
})

test('once the gateway is closed nothing is tried again here, and tasks go into the queue of the application', async () => {
  const line = wire()
  const { app, attempts, errors } = failing(9, { gateway: line.gateway })
  const clock = fakeClock()
  const gateway = testGateway(app, { clock })
  const { log, restore } = quiet()
  const ann = await gateway.connect()
  await ann.request('type', 'hello')
  await gateway.close()
  clock.advance(600_000)
  await turns(40)
  restore()
  assert.equal(attempts, [1])
  assert.is(log.length, 1)
  const bob = peer(app, line)
  await bob.connect()
  const { frames } = await bob.send({ action: 'type', id: '1', data: 'hello' })
  assert.is(errorOf(frames[0]).code, 'UNAVAILABLE')
  assert.equal(
    errors.map((error) => String(Object(error).cause)),
    ['Error: It was put into SQS.'],
  )
})

test('memoryTasks runs a task in the background, and tries it again by the clock of the application', async () => {
  const line = wire()
  const waits: number[] = []
  const over = latch()
  const attempts: number[] = []
  const clock = {
    now: () => 0,
    wait: async (ms: number) => {
      if (ms === 30_000) waits.push(ms)
      else await over.passed
    },
  }
  const app = ws({ gateway: line.gateway, warn: () => {}, clock })
    .store(memory({ now: () => waits.length * 30_000 }))
    .onConnect(() => accept())
    .task('type', v.string(), { queue: memoryTasks() }, ({ data, attempt }) => {
      attempts.push(attempt)
      if (attempt === 1) throw new Error('no paper')
      setImmediate(over.open)
      return data
    })
    .build()
  const ann = peer(app, line)
  await ann.connect()
  const { log, restore } = quiet()
  const { frames } = await ann.send({ action: 'type', id: '1', data: 'hello' })
  const { taskId } = toldBy(frames[0])
  assert.equal(frames, [{ action: 'type', id: '1', data: { taskId } }])
  await over.passed
  const told = await until(() => ann.taken())
  restore()
  assert.equal(attempts, [1, 2])
  assert.equal(waits, [30_000])
  assert.is(log.length, 1)
  assert.equal(told, [{ event: '$task', data: { taskId, name: 'type', state: 'done', result: 'hello' } }])
})

/** Turns of the event loop until there is something. */
const until = async <Item>(look: () => readonly Item[]) => {
  for (let turn = 0; turn < 1_000; turn++) {
    const found = look()
    if (found.length > 0) return found
    await new Promise((resolve) => setImmediate(resolve))
  }
  return []
}

test('a process whose memoryTasks are through, or wait for another attempt, ends by itself', async () => {
  for (const outcome of ['done', 'failed']) {
    const script = join(import.meta.dirname, 'one-task.ts')
    const child = spawn(process.execPath, [...process.execArgv, script, outcome], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const heard: string[] = []
    child.stdout.setEncoding('utf8').on('data', (text) => heard.push(text))
    const [code] = await once(child, 'close')
    assert.is(code, 0)
    // What was waited for at the end: nothing that a process waits for.
    assert.equal(heard.join('').trim().split('\n'), [outcome, '0'])
  }
})

test('memoryTasks on Lambda says once that it is a mistake', async () => {
  const line = wire()
  const warnings: Warning[] = []
  const app = ws({ gateway: line.gateway, warn: (warning) => void warnings.push(warning) })
    .store(memory())
    .onConnect(() => accept())
    .task('type', v.string(), { queue: memoryTasks() }, ({ data }) => data)
    .build()
  const ann = peer(app, line)
  await ann.connect()
  const { AWS_LAMBDA_FUNCTION_NAME: before } = process.env
  process.env.AWS_LAMBDA_FUNCTION_NAME = 'chat'
  await ann.send({ action: 'type', id: '1', data: 'hello' })
  await ann.send({ action: 'type', id: '2', data: 'hello' })
  if (before === undefined) Reflect.deleteProperty(process.env, 'AWS_LAMBDA_FUNCTION_NAME')
  else process.env.AWS_LAMBDA_FUNCTION_NAME = before
  await until(() => ann.taken())
  const codes = warnings.map(({ code }) => code)
  assert.equal(codes, ['MEMORY_TASKS_ON_LAMBDA'])
  assert.match(warnings[0]?.fix ?? '', /sqsTasks\(\)/)
})

test.run()
