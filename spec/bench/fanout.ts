import type { SQSEvent } from 'aws-lambda'
import * as v from 'valibot'
import { type Gateway, type Store, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { record } from '../../lib/conformance/made.ts'

/** What one broadcast takes, as counted. */
export interface FanoutCost {
  readonly members: number
  readonly shards: number
  /** Members that were told. */
  readonly told: number
  /** What API Gateway bills: a message for each 32 KB that is begun (API Gateway pricing). */
  readonly messages: number
  readonly jobs: number
  /** To send, receive and delete, ten messages each; for each 64 KB that is begun one more (SQS pricing). */
  readonly sqsRequests: number
  /** Pages of members, numbers of shards, and looks whether a job is done. */
  readonly storeReads: number
  /** Jobs that are marked as done. */
  readonly storeWrites: number
  /** Of messages and of requests to SQS. */
  readonly dollars: number
  readonly milliseconds: number
  readonly heapMiB: number
}

/** Say 500 bytes to a channel of so many: the memory store, a gateway and an SQS in this process, and one worker. */
export const fanoutCosts = async (sizes: readonly number[]): Promise<readonly FanoutCost[]> => {
  const costs: FanoutCost[] = []
  for (const members of sizes) costs.push(await costOf(members))
  return costs
}

const costOf = async (members: number): Promise<FanoutCost> => {
  const count = { told: 0, messages: 0, jobs: 0, sqsRequests: 0, storeReads: 0, storeWrites: 0 }
  const kept = memory()
  const shards = Math.max(1, 2 ** Math.ceil(Math.log2(members / 5_000)))
  await kept.memberships.grow?.('lobby', shards)
  for (let index = 0; index < members; index++) {
    const id = `L0SM9cOFvHc${index.toString(36).padStart(4, '0')}=`
    await kept.records.create(id, record())
    await kept.memberships.join(id, 'lobby')
  }
  const queue = queueOf(count)
  const app = ws({
    gateway: gatewayOf(count),
    warn: () => {},
    fanout: fanout({ client: queue.client, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' }),
  })
    .store(countedStore(kept, count))
    .pushes({ said: v.object({ text: v.string() }) })
    .build()
  const startedAt = performance.now()
  await app.server.channel('lobby').broadcast('said', { text: 'x'.repeat(425) })
  const work = worker(app)
  for (let event = queue.receive(); event; event = queue.receive()) {
    const { batchItemFailures } = await work(event)
    if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} jobs failed.`)
  }
  const dollars = count.messages * MESSAGE_DOLLARS + count.sqsRequests * SQS_DOLLARS
  const milliseconds = performance.now() - startedAt
  return { members, shards, ...count, dollars, milliseconds, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 }
}

type Count = { -readonly [Name in 'told' | 'messages' | 'jobs' | 'sqsRequests' | 'storeReads' | 'storeWrites']: number }

const gatewayOf = (count: Count): Gateway => ({
  post: async (_, body) => {
    count.told++
    count.messages += Math.ceil(Buffer.byteLength(body) / MESSAGE_BYTES)
    return { outcome: 'delivered' }
  },
  close: async () => ({ outcome: 'delivered' }),
  info: async () => undefined,
})

const queueOf = (count: Count) => {
  const waiting: string[] = []
  const billed = (bodies: readonly string[]) =>
    Math.ceil(bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0) / SQS_CHUNK_BYTES)
  const send = async ({
    input,
  }: {
    readonly input: { readonly Entries: readonly { readonly MessageBody: string }[] }
  }) => {
    const bodies = input.Entries.map(({ MessageBody }) => MessageBody)
    waiting.push(...bodies)
    count.jobs += bodies.length
    count.sqsRequests += billed(bodies)
    return {}
  }
  /** Ten messages as Lambda hands them on: one request to receive them, and one to delete them. */
  const receive = (): SQSEvent | undefined => {
    const bodies = waiting.splice(0, 10)
    if (bodies.length === 0) return undefined
    count.sqsRequests += billed(bodies) + 1
    const attributes = { ApproximateReceiveCount: '1' }
    const records = bodies.map((body, index) => ({ messageId: `${index}`, body, attributes }))
    // A cast, because a worker reads no more of it.
    return { Records: records } as unknown as SQSEvent
  }
  return { client: { send }, receive }
}

const countedStore = ({ memberships, blobs, ...rest }: Store, count: Count): Store => {
  const counting =
    <Given extends readonly unknown[], Result>(what: 'storeReads' | 'storeWrites', call: (...given: Given) => Result) =>
    (...given: Given): Result => {
      count[what]++
      return call(...given)
    }
  return {
    ...rest,
    memberships: {
      ...memberships,
      members: counting('storeReads', memberships.members),
      ...(memberships.shards && { shards: counting('storeReads', memberships.shards) }),
    },
    ...(blobs && {
      blobs: { ...blobs, get: counting('storeReads', blobs.get), put: counting('storeWrites', blobs.put) },
    }),
  }
}

const MESSAGE_BYTES = 32 * 1024
const SQS_CHUNK_BYTES = 64 * 1024
/** $1.00 a million, the first billion of a month (API Gateway pricing, us-east-1). */
const MESSAGE_DOLLARS = 1 / 1e6
/** $0.40 a million after the first one of a month (SQS pricing, standard queues, us-east-1). */
const SQS_DOLLARS = 0.4 / 1e6
