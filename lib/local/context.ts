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
    logStreamName: `${new Date(clock.now()).toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]local`,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - clock.now()),
  }
}

const NAME = 'local'

/** In the form of a request's id. From the given chance, so that a seed repeats it. */
const makeUuid = (random: () => number): string => FORM.replace(/x/g, () => Math.floor(random() * 16).toString(16))

const FORM = 'xxxxxxxx-xxxx-4xxx-axxx-xxxxxxxxxxxx'
