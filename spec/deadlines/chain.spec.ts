import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, type Options, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { type LocalGateway, localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { createMachine } from 'xstate'
import { peer } from '../kit/peer.ts'
import { type Queue, sqsOf } from '../kit/sqs.ts'
import { quiet } from '../protocol/kit.ts'

const test = suite('deadlines through SQS, on the local gateway')
const sqs = sqsOf()
test.after(sqs.end)

const gateways: LocalGateway[] = []
const connected: string[] = []
test.after.each(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
  connected.length = 0
})

const machine = createMachine({
  id: 'hurry',
  initial: 'anonymous',
  states: {
    anonymous: { on: { wait: 'waiting' }, after: { 1000: 'expired' } },
    waiting: { on: { hurry: 'hurried' } },
    hurried: { after: { 1000: 'expired' } },
    expired: { type: 'final', description: 'Too late.' },
  },
})

/** A client of a gateway that is closed after the spec. */
const client = async (gateway: LocalGateway) => {
  gateways.push(gateway)
  return { ...(await peer(gateway.url)), endpoint: gateway.endpoint }
}

const BYE = { code: 'DEADLINE_EXCEEDED', message: 'Too late.' }

/** What builds instances of one application, which share a store and a queue: for the gateway, and for the worker. */
const instances = ({ client, queueUrl }: Queue) => {
  const store = memory()
  const deadlines = sqsDeadlines({ client, queueUrl })
  return (options: Options = {}) =>
    ws({ warn: () => {}, ...options })
      .store(store)
      .protocol(machine, { deadlines, internal: ['hurry'] })
      .onConnect(({ connection }) => {
        connected.push(connection.id)
        return accept()
      })
      .on('wait', () => {})
      .build()
}

test('a silent client is told and closed a second after it came, by the queue and the worker', async () => {
  const queue = await sqs.queue()
  const instance = instances(queue)
  const ann = await client(await localGateway(instance()))
  assert.equal(await queue.deliver(worker(instance())), { batchItemFailures: [] })
  assert.equal(await ann.pushed('$bye'), BYE)
  assert.is((await ann.closed).code, 1000)
})

test('a client that speaks in time stays', async () => {
  const queue = await sqs.queue()
  const instance = instances(queue)
  const ann = await client(await localGateway(instance()))
  assert.equal(await ann.ask('wait'), { action: 'wait', id: '1' })
  assert.equal(await queue.deliver(worker(instance())), { batchItemFailures: [] })
  assert.equal((await ann.ask('wait')).error?.code, 'FAILED_PRECONDITION')
})

test('a deadline that dispatch started is enforced by a worker that is told the endpoint; another one says what it lacks', async () => {
  const queue = await sqs.queue()
  const instance = instances(queue)
  const app = instance()
  const ann = await client(await localGateway(app))
  await ann.ask('wait')
  await queue.deliver(worker(instance()))
  await app.server.connection(connected[0] ?? '').dispatch({ type: 'hurry' })

  const { log, restore } = quiet()
  const { batchItemFailures } = await queue.deliver(worker(instance()))
  restore()
  assert.is(batchItemFailures.length, 1)
  assert.match(String(log[0]), 'Pass it: ws({ endpoint')
  assert.equal(await queue.deliver(worker(instance({ endpoint: ann.endpoint }))), { batchItemFailures: [] })
  assert.equal(await ann.pushed('$bye'), BYE)
  assert.is((await ann.closed).code, 1000)
})

test.run()
