import { Logger } from '@aws-lambda-powertools/logger'
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware'
import middy from '@middy/core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connectionId, echo, lambda, message, withEnv } from './kit.ts'

const test = suite('Powertools around the handler')

/** What Powertools' JMESPath package does for a path of plain names. */
const at = (path: string, data: unknown) => path.split('.').reduce<unknown>((value, name) => Object(value)[name], data)

/** A logger and the lines that it writes: in its development mode it writes to the global console. */
const logging = async (run: (logger: Logger) => Promise<unknown>) => {
  const lines: Record<string, unknown>[] = []
  const { info } = console
  await withEnv({ POWERTOOLS_DEV: 'true' }, async () => {
    const logger = new Logger({ serviceName: 'chat', logLevel: 'INFO', correlationIdSearchFn: at })
    console.info = (line: string) => lines.push(JSON.parse(line))
    try {
      await run(logger)
    } finally {
      console.info = info
    }
  })
  return lines
}

test('a log line of a middleware carries the connection, the message and the invocation', async () => {
  const lines = await logging(async (logger) => {
    const { app, taken } = echo(async (context, next) => {
      const { requestId } = context.event.requestContext
      logger.appendKeys({ connectionId: context.connection.id, requestId })
      await next()
      logger.info('handled')
    })
    await middy(app).use(injectLambdaContext(logger, { resetKeys: true }))(
      { ...message(), requestContext: { ...message().requestContext, requestId: 'gateway-1' } },
      lambda,
    )
    assert.equal(taken(), [{ action: 'echo', data: 'echo' }])
  })
  assert.is(lines.length, 1)
  const [line] = lines
  assert.is(line?.message, 'handled')
  assert.is(line?.connectionId, connectionId)
  assert.is(line?.requestId, 'gateway-1')
  assert.is(line?.function_request_id, 'request-1')
})

test('a correlation id can be taken from the event', async () => {
  const lines = await logging(async (logger) => {
    const { app } = echo(async (_, next) => {
      logger.info('here')
      await next()
    })
    const correlated = injectLambdaContext(logger, { correlationIdPath: 'requestContext.connectionId' })
    await middy(app).use(correlated)(message(), lambda)
  })
  assert.equal(
    lines.map(({ correlation_id }) => correlation_id),
    [connectionId],
  )
})

test('a tracer that is off leaves the answer as it is', async () => {
  await withEnv({ POWERTOOLS_TRACE_ENABLED: 'false' }, async () => {
    const tracer = new Tracer({ serviceName: 'chat' })
    assert.not(tracer.isTracingEnabled())
    const { app, taken } = echo()
    assert.equal(await middy(app).use(captureLambdaHandler(tracer))(message(), lambda), { statusCode: 200 })
    assert.equal(taken(), [{ action: 'echo', data: 'echo' }])
  })
})

test('a tracer that is on sees the handler inside of its subsegment, and the answer', async () => {
  await withEnv({ AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x', _HANDLER: 'index.handler' }, async () => {
    const tracer = new Tracer({ serviceName: 'chat', enabled: true, captureHTTPsRequests: false })
    const added: unknown[] = []
    let current = 'facade'
    const segment = (name: string) => ({
      name,
      addNewSubsegment: (child: string) => segment(child),
      close: () => added.push(`closed ${name}`),
    })
    tracer.getSegment = () => segment(current) as never
    tracer.setSegment = (one) => {
      current = one.name
    }
    tracer.putAnnotation = () => {}
    tracer.putMetadata = (key, value) => added.push([key, value])
    const seen: string[] = []
    const { app } = echo(async (_, next) => {
      seen.push(current)
      await next()
    })
    await middy(app).use(captureLambdaHandler(tracer))(message(), lambda)
    assert.equal(seen, ['## index.handler'])
    assert.equal(added, [['index.handler response', { statusCode: 200 }], 'closed ## index.handler'])
    assert.is(current, 'facade')
  })
})

test.run()
