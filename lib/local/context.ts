import type { Clock } from './options.ts'

/** What a Lambda function is told about its invocation. */
export interface LambdaContext {
  readonly awsRequestId: string
  readonly functionName: string
  readonly functionVersion: string
  readonly invokedFunctionArn: string
  readonly memoryLimitInMB: string
  readonly logGroupName: string
  readonly logStreamName: string
  callbackWaitsForEmptyEventLoop: boolean
  readonly getRemainingTimeInMillis: () => number
}

/** The context of one invocation that begins now. */
export const lambdaContext = (clock: Clock, lambdaTimeoutMs: number, random: () => number): LambdaContext => {
  const deadline = clock.now() + lambdaTimeoutMs
  return {
    awsRequestId: makeUuid(random),
    functionName: NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:123456789012:function:${NAME}`,
    memoryLimitInMB: '128',
    logGroupName: `/aws/lambda/${NAME}`,
    logStreamName: `${dayOf(clock.now())}/[$LATEST]local`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - clock.now()),
  }
}

const NAME = 'local'

let day = Number.NaN
let written = ''
/** `2026/01/31`: written once a day. */
const dayOf = (now: number): string => {
  const wanted = Math.floor(now / 86_400_000)
  if (wanted !== day) written = new Date(now).toISOString().slice(0, 10).replaceAll('-', '/')
  day = wanted
  return written
}

/** In the form of a request's id. From the given chance, so that a seed repeats it. */
const makeUuid = (random: () => number): string => {
  const [a, b, c, d] = [hex(random), hex(random), hex(random), hex(random)]
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`
}

/** Eight digits. Looked up: each invocation needs 32, and `toString(16)` is slow. */
const hex = (random: () => number) => {
  const bits = Math.floor(random() * 2 ** 32)
  return pair(bits >>> 24) + pair(bits >>> 16) + pair(bits >>> 8) + pair(bits)
}

const pair = (bits: number): string => PAIRS[bits & 0xff] ?? ''
const PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
