import { accept, type Middleware, ws } from 'ws-interlock'
import { connectEvent, messageEvent } from 'ws-interlock/testing'
import { wire } from '../kit/wire.ts'

/** What Lambda passes beside the event, as far as these wrappers look. */
export const lambda = {
  awsRequestId: 'request-1',
  functionName: 'chat',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:chat',
  memoryLimitInMB: '128',
  getRemainingTimeInMillis: () => 10_000,
} as never

export const connectionId = 'L0SM9cOFvHcCIhw='

/** An application whose route 'echo' replies with its own name, after `before` has run. */
export const echo = (before: Middleware = (_, next) => next()) => {
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .use(before)
    .onConnect(() => accept())
    .on('echo', ({ name }) => name)
    .on('fail', () => {
      throw new RangeError('no')
    })
    .onError(() => {})
    .build()
  return { app, taken: () => net.taken(connectionId) }
}

export const message = (action = 'echo') => messageEvent({ connectionId, body: { action } })
export const handshake = () => connectEvent({ connectionId })

/** Set variables of the environment while something runs. */
export const withEnv = async (variables: Readonly<Record<string, string>>, run: () => Promise<void>) => {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  try {
    await run()
  } finally {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  }
}
