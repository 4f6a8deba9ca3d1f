import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { EventBridgeClient } from '@aws-sdk/client-eventbridge'

/** An entry as it is sent. */
export interface Sent {
  readonly Source?: string
  readonly DetailType?: string
  readonly Detail?: string
  readonly EventBusName?: string
  readonly Resources?: readonly string[]
  /** Epoch seconds. */
  readonly Time?: number
  readonly TraceHeader?: string
}

/** What goes wrong with one request. */
export type Fault =
  | { readonly kind: 'throttle' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang-up' }
  /** Nothing is answered, ever. */
  | { readonly kind: 'silence' }
  /** These entries of the request are refused, by place; the others are taken. */
  | { readonly kind: 'entries'; readonly codes: Readonly<Record<number, string>> }

/** An EventBridge in this process that knows PutEvents alone, and refuses what the real one refuses. */
export interface EventBridge {
  /** Of the AWS SDK, which tries once. */
  readonly client: EventBridgeClient
  /** The entries of each request that could be read, refused or not. */
  readonly calls: readonly (readonly Sent[])[]
  /** What was taken, oldest first. */
  readonly events: readonly Sent[]
  /** What the next requests meet, one each. */
  readonly faults: (Fault | undefined)[]
  /** Resolves when a request has been read. */
  readonly called: () => Promise<void>
  readonly end: () => Promise<void>
}

const HOST = '127.0.0.1'

export const startEventBridge = async ({ buses = ['default'], maxBytes = 1_048_576 } = {}): Promise<EventBridge> => {
  const calls: (readonly Sent[])[] = []
  const events: Sent[] = []
  const faults: (Fault | undefined)[] = []
  let heard = () => {}

  const put = (entries: readonly Sent[], codes: Readonly<Record<number, string>>) => {
    const Entries = entries.map((entry, place) => {
      const code = codes[place]
      const refusal = code === undefined ? flawOf(entry, buses) : failed(code, 'It was said to fail.')
      if (refusal) return refusal
      events.push(entry)
      return { EventId: randomUUID() }
    })
    return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries }
  }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const text = await read(request)
    const fault = faults.shift()
    const refuse = (status: number, type: string, message: string) => say(response, status, { __type: type, message })
    const wrong = wrongOf(request)
    if (wrong) return refuse(400, ...wrong)
    const { Entries } = JSON.parse(text)
    const list: readonly Sent[] = Array.isArray(Entries) ? Entries : []
    calls.push(list)
    heard()
    if (fault?.kind === 'silence') return
    if (fault?.kind === 'hang-up') return request.socket.destroy()
    if (fault?.kind === 'throttle') return refuse(400, 'ThrottlingException', 'Rate exceeded')
    if (fault?.kind === 'status') return refuse(fault.status, 'InternalException', 'It was said to fail.')
    if (list.length < 1 || list.length > 10)
      return refuse(400, 'ValidationException', `'entries' has ${list.length} members: 1 to 10 are allowed.`)
    const invalid = list.map(invalidity).find((each) => each !== undefined)
    if (invalid) return refuse(400, 'ValidationException', invalid)
    if (sum(list.map(bytesOf)) > maxBytes)
      return refuse(400, 'ValidationException', 'Total size of the entries in the request is over the limit.')
    say(response, 200, put(list, fault?.kind === 'entries' ? fault.codes : {}))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const { port } = Object(server.address())
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  const client = new EventBridgeClient({
    endpoint: `http://${HOST}:${port}`,
    region: 'eu-west-1',
    credentials,
    maxAttempts: 1,
  })
  return {
    client,
    calls,
    events,
    faults,
    called: () =>
      new Promise<void>((resolve) => {
        heard = resolve
      }),
    end: async () => {
      client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const read = async (request: IncomingMessage) => {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

const say = (response: ServerResponse, status: number, body: object) => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
  response.end(JSON.stringify(body))
}

/** What is wrong with a request before it is read. */
const wrongOf = ({ method, headers }: IncomingMessage): readonly [type: string, message: string] | undefined => {
  if (method !== 'POST' || headers['x-amz-target'] !== 'AWSEvents.PutEvents')
    return ['UnknownOperationException', 'Only PutEvents is known.']
  if (headers['content-type'] !== 'application/x-amz-json-1.1')
    return ['SerializationException', 'It is no JSON 1.1 of AWS.']
  if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 '))
    return ['MissingAuthenticationTokenException', 'Missing Authentication Token']
  return undefined
}

/** What the whole request is refused for: values that the API reference does not allow. */
const invalidity = ({ DetailType, Source, EventBusName, Resources = [], Time, TraceHeader }: Sent) => {
  if ([DetailType, Source].some((text) => text !== undefined && typeof text !== 'string')) return 'It is no text.'
  if (EventBusName !== undefined && !/^[\w./:-]{1,1600}$/.test(EventBusName)) return "'eventBusName' is no name."
  if (!Array.isArray(Resources) || Resources.some((each) => typeof each !== 'string'))
    return "'resources' are no texts."
  if (Time !== undefined && !Number.isFinite(Time)) return "'time' is no number."
  // The real one drops what is no header of X-Ray, and takes the event.
  if (TraceHeader !== undefined && (!TRACE.test(TraceHeader) || TraceHeader.length > 500))
    return "'traceHeader' is none."
  return undefined
}

/** X-Ray Developer Guide, "Tracing header". */
const TRACE = /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;\w+=[^;\s]+)*$/

/** What an entry fails for, alone. */
const flawOf = ({ Source, DetailType, Detail, EventBusName = 'default' }: Sent, buses: readonly string[]) => {
  const missing = Object.entries({ Source, DetailType, Detail }).find(([, text]) => !text)?.[0]
  if (missing) return invalid(missing, `${missing} is a required argument.`)
  // The real one says nothing, and drops what is sent to a bus that is not there (aws/aws-cli, issue 9186).
  if (!buses.includes(EventBusName.split('/').at(-1) ?? '')) return invalid('EventBusName', 'There is no such bus.')
  if (`${Source}`.startsWith('aws.')) return failed('NotAuthorizedForSourceException', 'Not authorized for the source.')
  if (`${Source}`.length > 256) return invalid('Source', 'It is longer than 256 characters.')
  if (`${DetailType}`.length > 128) return invalid('DetailType', 'It is longer than 128 characters.')
  return isObject(`${Detail}`) ? undefined : failed('MalformedDetail', 'Detail is malformed.')
}

const isObject = (text: string) => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

const failed = (ErrorCode: string, ErrorMessage: string) => ({ ErrorCode, ErrorMessage })
const invalid = (name: string, why: string) =>
  failed('InvalidArgument', `Parameter ${name} is not valid. Reason: ${why}`)

/** As the user guide counts: "Calculating PutEvents event entry size". A trace header counts for nothing. */
const bytesOf = ({ Source = '', DetailType = '', Detail = '', Resources = [], Time }: Sent) =>
  (Time === undefined ? 0 : 14) + sum([Source, DetailType, Detail, ...Resources].map((text) => Buffer.byteLength(text)))

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0)
