import { type Call, type CallReply, caller } from '../aws/call.ts'
import { type CredentialsSource, type Environment, environmentRegion, ON_LAMBDA, regionOf } from '../aws/credentials.ts'
import type { Thrown } from './dynamodb-fault.ts'

export type Operation = 'GetItem' | 'PutItem' | 'DeleteItem' | 'Query' | 'TransactWriteItems'

/** One request, once. Rejects with what `faultOf` can read. */
export type Send = (operation: Operation, input: object) => Promise<unknown>

export interface SendOptions {
  /** @default AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, else the region's own */
  readonly endpoint?: string | undefined
  /** @default the endpoint's, else AWS_REGION or AWS_DEFAULT_REGION */
  readonly region?: string | undefined
  /** @default AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN */
  readonly credentials?: CredentialsSource | undefined
  /** How long one request may wait for its answer, in milliseconds. @default 3_000 */
  readonly timeoutMs?: number | undefined
  /** Connections to the endpoint at one time. @default 50 */
  readonly maxSockets?: number | undefined
  /** @default process.env */
  readonly env?: Environment | undefined
}

/** Send to DynamoDB by signed requests of our own. Where to is found out at the first request. */
export const signedSend = (options: SendOptions): { readonly send: Send; readonly where: () => string } => {
  const { region, env = process.env, timeoutMs = 3_000 } = options
  let call: Call | undefined
  return {
    where: () => {
      const endpoint = endpointOf(options, env)
      return `${region ?? regionOf(new URL(endpoint).hostname, env)}, ${endpoint}`
    },
    send: async (operation, input) => {
      call ??= caller({ ...options, endpoint: endpointOf(options, env), service: 'dynamodb', timeoutMs, env })
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` }
      const reply = await call({ method: 'POST', path: '/', headers, body: JSON.stringify(input) })
      if (reply.status === 200) return JSON.parse(reply.body)
      throw new DynamodbError(reply)
    },
  }
}

/** An error of DynamoDB in the shape in which the AWS SDK throws it. */
class DynamodbError extends Error implements Thrown {
  readonly $metadata: { readonly httpStatusCode: number }
  readonly Item: Thrown['Item']
  readonly CancellationReasons: Thrown['CancellationReasons']

  constructor({ status, body }: CallReply) {
    const { __type, message, Message, Item, CancellationReasons } = errorOf(body)
    super(message ?? Message ?? body.slice(0, 200))
    // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`
    this.name = __type?.replace(/^.*#/, '') ?? `HTTP ${status}`
    this.$metadata = { httpStatusCode: status }
    this.Item = Item
    this.CancellationReasons = CancellationReasons
  }
}

interface ErrorBody extends Pick<Thrown, 'Item' | 'CancellationReasons'> {
  readonly __type?: string
  readonly message?: string
  readonly Message?: string
}

/** A proxy between may have words of its own. */
const errorOf = (body: string): ErrorBody => {
  try {
    return Object(JSON.parse(body))
  } catch {
    return {}
  }
}

const endpointOf = ({ endpoint, region }: SendOptions, env: Environment): string => {
  const given = endpoint || env.AWS_ENDPOINT_URL_DYNAMODB || env.AWS_ENDPOINT_URL
  if (given) return given
  const name = region || environmentRegion(env)
  if (!name)
    throw new Error(`The endpoint of DynamoDB is not known: AWS_REGION is not set. ${ON_LAMBDA}, or pass \`region\`.`)
  return `https://dynamodb.${name}.amazonaws.com${name.startsWith('cn-') ? '.cn' : ''}`
}
