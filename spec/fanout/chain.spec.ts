import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Options, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { type LocalGateway, localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { peer } from '../kit/peer.ts'
import { type Queue, sqsOf } from '../kit/sqs.ts'
import { quiet } from '../protocol/kit.ts'
import { DONE, noise } from './kit.ts'

const test = suite('fanout through SQS, on the local gateway')
const sqs = sqsOf()
test.after(sqs.end)

const gateways: LocalGateway[] = []
test.after.each(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
})

/** What builds instances of one application, which share a store and a queue: for the gateway, and for the worker. */
const instances = ({ client, queueUrl }: Queue) => {
  const store = memory()
  return (options: Options = {}) =>
    ws({ warn: () => {}, fanout: fanout({ client, queueUrl, above: 2 }), ...options })
      .store(store)
      .pushes(noise)
      .onConnect(async ({ channel }) => {
        await channel('lobby').join()
        return accept()
      })
      .on('say', v.string(), async ({ data, channel }) => {
        await channel('lobby').broadcast('said', { text: data })
      })
      .build()
}

/** A gateway of an instance, and three clients. */
const lobby = async (app: ReturnType<ReturnType<typeof instances>>) => {
  const gateway = await localGateway(app)
  gateways.push(gateway)
  const clients = [await peer(gateway.url), await peer(gateway.url), await peer(gateway.url)]
  const heard = () => Promise.all(clients.map(({ pushed }) => pushed('said')))
  return { gateway, clients, heard }
}

test('a worker that knows nothing but its job reaches the clients of the gateway where the broadcast was said', async () => {
  const queue = await sqs.queue()
  const instance = instances(queue)
  const { clients, heard } = await lobby(instance())
  await clients[0]?.ask('say', 'hello')
  assert.equal(await queue.deliver(worker(instance())), DONE)
  assert.equal(await heard(), Array(3).fill({ text: 'hello' }))
})

test('a broadcast of the server is said by a worker that is told the endpoint; another one says what it lacks', async () => {
  const queue = await sqs.queue()
  const instance = instances(queue)
  const { gateway, heard } = await lobby(instance())
  await instance().server.channel('lobby').broadcast('said', { text: 'hello' })
  const { log, restore } = quiet()
  const { batchItemFailures } = await queue.deliver(worker(instance()))
  restore()
  assert.is(batchItemFailures.length, 1)
  assert.ok(log.some((one) => String(one).includes('Pass it: ws({ endpoint')))
  assert.equal(await queue.deliver(worker(instance({ endpoint: gateway.endpoint }))), DONE)
  assert.equal(await heard(), Array(3).fill({ text: 'hello' }))
})

test.run()
