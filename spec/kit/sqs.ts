import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda'
import { buildApp } from 'fauxqs'

/** One queue of an SQS in this process, and the client of the AWS SDK that reaches it. */
export interface Queue {
  readonly client: SQSClient
  readonly queueUrl: string
  /** Send a body as it is. */
  readonly send: (body: string, DelaySeconds?: number) => Promise<void>
  readonly arn: () => Promise<string>
  /** Messages that wait for their time, and messages that can be received. */
  readonly counts: () => Promise<{ readonly delayed: number; readonly ready: number }>
  /**
   * Be Lambda's event source mapping for one batch: wait for so many records, hand them to the function, delete what did
   * not fail. What failed can be received again at once.
   */
  readonly deliver: (work: Work, records?: number, context?: Context) => Promise<SQSBatchResponse>
  /** Deliver until the queue is empty and nothing that comes out of it puts more in. Ten records at a time. */
  readonly drain: (work: Work, context?: Context) => Promise<void>
  readonly drop: () => Promise<void>
}

export type Work = (event: SQSEvent, context?: Context) => Promise<SQSBatchResponse>

const HOST = '127.0.0.1'
/** No spec puts a longer delay on what it waits for. */
const PATIENCE_SECONDS = 10

/** The SQS of a suite: begun when a spec first asks, ended by `test.after(sqs.end)`. */
export const sqsOf = () => {
  let started: ReturnType<typeof start> | undefined
  let queues = 0
  const queue = async (attributes: Record<string, string> = {}): Promise<Queue> => {
    started ??= start()
    const { client } = await started
    // The name of a FIFO queue has to say so.
    const QueueName = `queue-${queues++}${attributes.FifoQueue ? '.fifo' : ''}`
    const made = await client.send(new CreateQueueCommand({ QueueName, Attributes: attributes }))
    return queueAt(client, made.QueueUrl ?? '')
  }
  const end = async () => {
    const { client, server } = Object(await started) as Partial<Awaited<ReturnType<typeof start>>>
    client?.destroy()
    server?.server.closeAllConnections()
    await server?.close()
  }
  return { queue, end }
}

const start = async () => {
  const server = buildApp({ logger: false })
  const endpoint = await server.listen({ port: 0, host: HOST })
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  return { server, client: new SQSClient({ endpoint, region: 'eu-west-1', credentials }) }
}

const queueAt = (client: SQSClient, QueueUrl: string): Queue => {
  const receive = async (records: number) => {
    const messages: Message[] = []
    while (messages.length < records) {
      const found = await client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: Math.min(10, records - messages.length),
          WaitTimeSeconds: PATIENCE_SECONDS,
          MessageSystemAttributeNames: ['All'],
        }),
      )
      if (!found.Messages?.length)
        throw new Error(`Of ${records} records ${messages.length} came; none within ${PATIENCE_SECONDS} s.`)
      messages.push(...found.Messages)
    }
    return messages
  }
  const attributes = async () => {
    const found = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))
    return found.Attributes ?? {}
  }
  const counts = async () => {
    const { ApproximateNumberOfMessagesDelayed, ApproximateNumberOfMessages } = await attributes()
    return { delayed: Number(ApproximateNumberOfMessagesDelayed), ready: Number(ApproximateNumberOfMessages) }
  }
  const deliver: Queue['deliver'] = async (work, records = 1, context) => {
    const messages = await receive(records)
    const answer = await work({ Records: messages.map(recordOf) }, context)
    const failed = new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
    for (const { MessageId = '', ReceiptHandle } of messages) {
      const message = { QueueUrl, ReceiptHandle }
      if (!failed.has(MessageId)) await client.send(new DeleteMessageCommand(message))
      else await client.send(new ChangeMessageVisibilityCommand({ ...message, VisibilityTimeout: 0 }))
    }
    return answer
  }
  return {
    client,
    queueUrl: QueueUrl,
    send: async (MessageBody, DelaySeconds = 0) => {
      await client.send(new SendMessageCommand({ QueueUrl, MessageBody, DelaySeconds }))
    },
    arn: async () => (await attributes()).QueueArn ?? '',
    counts,
    deliver,
    drain: async (work, context) => {
      for (;;) {
        const { ready } = await counts()
        if (ready === 0) return
        await deliver(work, Math.min(10, ready), context)
      }
    },
    drop: async () => {
      await client.send(new DeleteQueueCommand({ QueueUrl }))
    },
  }
}

/** A message as Lambda hands it on. */
const recordOf = ({
  MessageId = '',
  ReceiptHandle = '',
  Body = '',
  MD5OfBody = '',
  Attributes,
}: Message): SQSRecord => ({
  messageId: MessageId,
  receiptHandle: ReceiptHandle,
  body: Body,
  // Of every message that was received, SQS says all of these.
  attributes: Attributes as unknown as SQSRecord['attributes'],
  messageAttributes: {},
  md5OfBody: MD5OfBody,
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:queue',
  awsRegion: 'eu-west-1',
})

/** The same client. It notes what is sent, and asks the queue for no delay, so that a spec need not wait for it. */
export const impatient = ({ client }: Queue) => {
  const sent: Noted[] = []
  const note = ({ MessageBody, DelaySeconds }: Sendable) => {
    sent.push({ body: JSON.parse(MessageBody ?? ''), delaySeconds: DelaySeconds })
  }
  const send = async ({ input }: { readonly input: Sendable & { readonly Entries?: readonly Entry[] } }) => {
    const { Entries, ...one } = input
    if (!Entries) {
      await client.send(
        new SendMessageCommand({ ...one, QueueUrl: one.QueueUrl, MessageBody: one.MessageBody, DelaySeconds: 0 }),
      )
      return note(one)
    }
    const answer = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: one.QueueUrl,
        Entries: Entries.map(({ Id, MessageBody }) => ({ Id, MessageBody })),
      }),
    )
    const put = new Set(answer.Successful?.map(({ Id }) => Id))
    for (const entry of Entries) if (put.has(entry.Id)) note(entry)
    return answer
  }
  return { sent, client: { send } }
}

interface Noted {
  readonly body: unknown
  readonly delaySeconds: number | undefined
}

/** What is read of a message that is sent, alone or as one of a request. */
interface Sendable {
  readonly QueueUrl?: string | undefined
  readonly MessageBody?: string | undefined
  readonly DelaySeconds?: number
}

type Entry = Sendable & { readonly Id: string | undefined }
