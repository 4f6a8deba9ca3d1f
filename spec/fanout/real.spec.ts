import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Gateway, type Options, ws } from 'ws-interlock'
import { type FanoutOptions, fanout } from 'ws-interlock/fanout/sqs'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { worker } from 'ws-interlock/worker'
import { membersOf } from '../../lib/conformance/made.ts'
import { management } from '../../lib/gateway/management.ts'
import { createTable, dynamodbLocal, needsDynamodbLocal } from '../kit/dynamodb.ts'
import { impatient, sqsOf, type Work } from '../kit/sqs.ts'
import { latch } from '../kit/wire.ts'
import { filled, noise } from './kit.ts'

const test = suite('fanout: SQS, DynamoDB and @connections over HTTP')
const onLocal = needsDynamodbLocal(test)
const sqs = sqsOf()
test.after(sqs.end)

const MEMBERS = 2_000
const PAGE_SIZE = 400

/** The `@connections` API of any connection: of twenty one is gone, and one is throttled at first. */
const connections = async () => {
  const told = new Map<string, string[]>()
  const throttled = new Set<string>()
  const kindOf = (id: string) => Number(id.slice(1)) % 20
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const id = /connections\/(\w+)$/.exec(request.url ?? '')?.[1] ?? ''
      const answer = (status: number) => response.writeHead(status).end()
      if (kindOf(id) === 7) return answer(410)
      if (kindOf(id) === 13 && !throttled.has(id)) {
        throttled.add(id)
        return answer(429)
      }
      told.set(id, [...(told.get(id) ?? []), Buffer.concat(chunks).toString()])
      answer(200)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { endpoint: `http://127.0.0.1:${port}/prod`, told, isGone: (id: string) => kindOf(id) === 7, close }
}

/** The parts of a deployment: a table, a queue, and instances of a function. Thousands are in the lobby. */
const deployed = async () => {
  const { endpoint: database } = await dynamodbLocal()
  const tableName = await createTable(database)
  const storeOf = () => dynamodb({ tableName, endpoint: database, pageSize: PAGE_SIZE })
  const store = storeOf()
  await store.memberships.grow?.('lobby', 2)
  await filled(store, MEMBERS)
  const instance = (options: Options, { client, queueUrl }: FanoutOptions) =>
    ws({ ...options, warn: () => {}, fanout: fanout({ client, queueUrl, above: 100 }) })
      .store(storeOf())
      .pushes(noise)
      .build()
  return { store, instance }
}

/** To join takes a while, so they join once. Whoever has found some of them gone finds fewer of them the next time. */
let deployment: ReturnType<typeof deployed> | undefined
const begun = async () => {
  deployment ??= deployed()
  const { store, instance } = await deployment
  const [api, queue] = [await connections(), await sqs.queue()]
  const jobs = { queueUrl: queue.queueUrl, client: impatient(queue).client }
  const from = MEMBERS + 100 * begins++
  await filled(store, 50, 'lobby', from)
  return {
    api,
    queue,
    store,
    instance: (options: Options = { endpoint: api.endpoint }) => instance(options, jobs),
    late: () => filled(store, 50, 'lobby', from + 50),
    ids: await membersOf(store, 'lobby'),
  }
}
let begins = 0

onLocal('every member of plan time is told at least once, and whoever is gone is a member no more', async () => {
  const { api, queue, store, instance, ids } = await begun()
  const gone = ids.filter(api.isGone)
  assert.ok(gone.length > 0 && ids.length > MEMBERS * 0.9)
  const { deferred } = await instance().server.channel('lobby').broadcast('said', { text: 'hello' })
  assert.ok(deferred > 100)
  const workers = [instance(), instance()].map((app) => worker(app))
  let turn = 0
  await queue.drain(async (event) => (workers[turn++ % 2] ?? worker(instance()))(event))
  api.close()
  const here = ids.filter((id) => !api.isGone(id))
  assert.equal(
    here.filter((id) => !api.told.has(id)),
    [],
  )
  assert.equal((await membersOf(store, 'lobby')).sort(), here.sort())
})

onLocal('80, 84, 85. Messages that come twice, a worker that dies, a channel that grows: nobody is lost', async () => {
  const { api, queue, store, instance, ids, late } = await begun()
  await instance().server.channel('lobby').broadcast('said', { text: 'hello' })
  const work = worker(instance())
  // All of the shards, so that the pages are in the queue.
  const shards = Number(await store.memberships.shards?.('lobby'))
  await queue.deliver(work, shards)
  const { gateway, frozen, thaw } = freezing(api.endpoint, 200)
  const dying: Promise<unknown>[] = []
  await queue.deliver(async (event) => {
    dying.push(worker(instance({ gateway }))(event))
    await frozen
    return { batchItemFailures: event.Records.map(({ messageId }) => ({ itemIdentifier: messageId })) }
  })
  await store.memberships.grow?.('lobby', shards * 4)
  await late()
  const twice: Work = async (event) => {
    await work(event)
    return work(event)
  }
  await queue.drain(twice)
  const here = ids.filter((id) => !api.isGone(id))
  const times = () => here.map((id) => api.told.get(id)?.length ?? 0)
  assert.ok(times().every((count) => count >= 1))
  assert.ok(times().some((count) => count === 2))
  assert.ok(times().filter((count) => count > 1).length <= 500)
  // What was frozen wakes up, as instances on Lambda do, and goes on where it was.
  thaw()
  await Promise.all(dying)
  await queue.drain(twice)
  api.close()
  assert.ok(times().every((count) => count <= 3))
  assert.ok(times().filter((count) => count > 1).length <= 500)
})

/** The real way to the connections, which stands still after so many posts. */
const freezing = (endpoint: string, posts: number) => {
  const [frozen, thawed] = [latch(), latch()]
  const through = management({ endpoint })
  let left = posts
  const gateway: Gateway = {
    ...through,
    post: async (...given) => {
      if (left-- <= 0) {
        frozen.open()
        await thawed.passed
      }
      return through.post(...given)
    },
  }
  return { gateway, frozen: frozen.passed, thaw: thawed.open }
}

test.run()
