import { SendMessageBatchCommand, type SendMessageBatchCommandOutput } from '@aws-sdk/client-sqs'
import type { Clock } from '../types/options.ts'

/** Where jobs wait for whoever does them. */
export interface Queue {
  /** Put all of them in. When it rejects, some of them may be in it. */
  readonly send: (jobs: readonly Waiting[], chance: Chance) => Promise<void>
}

export interface Waiting {
  readonly text: string
  /** From 0 to 900. */
  readonly delaySeconds: number
}

/** What a wait between two attempts is made of. */
export interface Chance {
  readonly clock: Required<Clock>
  readonly random: () => number
}

/** What is called of an `SQSClient` of the AWS SDK v3. */
export interface SqsClient {
  readonly send: (command: never) => Promise<unknown>
}

/** Put jobs into an SQS queue, as many to a request as it takes. What it refuses of a request is sent again. */
export const sqsQueue = (client: SqsClient, queueUrl: string): Queue => {
  const ask = async (batch: readonly Waiting[]): Promise<Failures> => {
    const Entries = batch.map(({ text, delaySeconds }, index) => ({
      Id: `${index}`,
      MessageBody: text,
      ...(delaySeconds > 0 && { DelaySeconds: delaySeconds }),
    }))
    const command = new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })
    // Casts, because the client takes commands of its own package, and answers by command.
    const { Failed = [] } = (await client.send(command as never)) as Partial<SendMessageBatchCommandOutput>
    return Failed
  }
  const persist = async (batch: readonly Waiting[], { clock, random }: Chance) => {
    let left = batch
    for (let attempt = 0; ; attempt++) {
      const failed = await ask(left)
      const [first] = failed
      if (!first) return
      const isHopeless = failed.some(({ SenderFault }) => SenderFault)
      if (isHopeless || attempt === RETRIES)
        throw new Error(
          `${failed.length} of the ${batch.length} jobs of a request were not put into the queue: ${first.Code} ${first.Message ?? ''}`.trim(),
        )
      const again = new Set(failed.map(({ Id }) => Id))
      left = left.filter((_, index) => again.has(`${index}`))
      await clock.wait(Math.round(WAIT_MS * 2 ** attempt * random()))
    }
  }
  return {
    send: async (jobs, chance) => {
      // Lanes that take from one row: a request has its own copy of what it carries.
      const row = batchesOf(jobs).values()
      const lane = async () => {
        for (const batch of row) await persist(batch, chance)
      }
      await Promise.all(Array.from({ length: LANES }, lane))
    },
  }
}

type Failures = NonNullable<SendMessageBatchCommandOutput['Failed']>

/** Cut a row of jobs into requests. */
const batchesOf = (jobs: readonly Waiting[]): readonly (readonly Waiting[])[] => {
  const batches: Waiting[][] = []
  let last: Waiting[] | undefined
  let bytes = 0
  for (const job of jobs) {
    const own = Buffer.byteLength(job.text)
    if (own > MAX_BYTES)
      throw new RangeError(
        `A job of a broadcast takes ${own} bytes, and SQS carries ${MAX_BYTES}: its ids are too long.`,
      )
    if (!last || last.length === MAX_ENTRIES || bytes + own > MAX_BYTES) {
      last = []
      bytes = 0
      batches.push(last)
    }
    last.push(job)
    bytes += own
  }
  return batches
}

/** SQS takes ten messages a request (its message quotas). */
const MAX_ENTRIES = 10
/** The bodies of a request together. AWS takes 1 MiB since August 2025; 256 KiB is taken everywhere, also by emulators. */
const MAX_BYTES = 262_144
/** Requests at a time. */
const LANES = 8
const RETRIES = 3
const WAIT_MS = 100
