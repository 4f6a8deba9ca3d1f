import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { WebSocketEvent } from '../../lib/event/event.ts'
import { closeAll, connect, fakeClock, local, ok, on, signal } from '../kit/local.ts'

const test = suite('local messages')
test.after.each(closeAll)

const answering = (answer: unknown) => on({ MESSAGE: async () => answer })
const bodyOf = (event: WebSocketEvent) => ('body' in event ? event.body : undefined)
const errorFrame = (message: string, { requestContext: { connectionId, requestId } }: WebSocketEvent) =>
  `{"message": "${message}", "connectionId":"${connectionId}", "requestId":"${requestId}"}`

/** What the client hears first, when a marker is sent after the message in question. */
const firstHeard = async (answer: unknown, options = {}) => {
  const gateway = await local(
    on({ MESSAGE: async (event) => (bodyOf(event) === 'marker' ? Promise.reject(new Error('marker')) : answer) }),
    options,
  )
  const client = await connect(gateway.url)
  client.send('hello')
  const asked = await gateway.next('MESSAGE')
  client.send('marker')
  const marker = await gateway.next('MESSAGE')
  const heard = await client.next()
  return { heard, asked, isSilent: heard === errorFrame('Internal server error', marker) }
}

test('a message has the shape of a real one', async () => {
  const clock = fakeClock()
  const gateway = await local(ok, { clock })
  const client = await connect(gateway.url)
  const connected = await gateway.next('CONNECT')
  clock.advance(5_000)
  client.send('{"action":"join"}')
  const event = await gateway.next('MESSAGE')
  const context = event.requestContext
  assert.equal(Object.keys(event), ['requestContext', 'body', 'isBase64Encoded'])
  assert.is(bodyOf(event), '{"action":"join"}')
  assert.is(context.routeKey, '$default')
  assert.is(context.connectionId, connected.requestContext.connectionId)
  assert.is(context.connectedAt, connected.requestContext.connectedAt)
  assert.is(context.requestTimeEpoch, context.connectedAt + 5_000)
  assert.match(context.messageId ?? '', /^[\w-]{15}=$/)
  assert.is(context.messageDirection, 'IN')
})

test('messages of one connection are handled in parallel', async () => {
  const both = signal()
  let running = 0
  const gateway = await local(
    on({
      MESSAGE: async () => {
        if (++running === 2) both.resolve()
        await both.promise
        return { statusCode: 200, body: 'together' }
      },
    }),
    { routeResponse: true },
  )
  const client = await connect(gateway.url)
  client.send('one')
  client.send('two')
  assert.equal([await client.next(), await client.next()], ['together', 'together'])
})

test('a returned body is dropped without a route response', async () => {
  assert.ok((await firstHeard({ statusCode: 200, body: 'reply' })).isSilent)
})

test('a status of 500 sends nothing by itself', async () => {
  assert.ok((await firstHeard({ statusCode: 500 })).isSilent)
})

test('with a route response the body is sent, whatever the status', async () => {
  assert.is((await firstHeard({ statusCode: 200, body: 'reply' }, { routeResponse: true })).heard, 'reply')
  assert.is((await firstHeard({ statusCode: 500, body: 'sorry' }, { routeResponse: true })).heard, 'sorry')
})

test('with a route response and no body nothing is sent', async () => {
  assert.ok((await firstHeard({ statusCode: 200 }, { routeResponse: true })).isSilent)
})

test('with a route response an empty body is an empty message', async () => {
  assert.is((await firstHeard({ statusCode: 200, body: '' }, { routeResponse: true })).heard, '')
})

test('with a route response a body in Base64 is sent as it is', async () => {
  const answer = { statusCode: 200, body: 'aGVsbG8=', isBase64Encoded: true }
  assert.is((await firstHeard(answer, { routeResponse: true })).heard, 'aGVsbG8=')
})

test('a route response can be deployed for some routes only', async () => {
  const options = { routes: ['$connect', 'join', '$default'], routeResponse: ['join'] }
  const { url } = await local(answering({ statusCode: 200, body: 'reply' }), options)
  const client = await connect(url)
  client.send({ action: 'other' })
  client.send({ action: 'join' })
  client.send({ action: 'join' })
  assert.equal([await client.next(), await client.next()], ['reply', 'reply'])
  assert.is(client.received.length, 2)
})

const malformed: Record<string, unknown> = {
  undefined,
  'a string': 'x',
  'a number': 5,
  null: null,
  'without statusCode': {},
  'with an extra key': { ConnectionId: 'x', Data: 'y', statusCode: 200 },
  'with an object as body': { statusCode: 200, body: { a: 1 } },
}
for (const [name, answer] of Object.entries(malformed))
  for (const routeResponse of [false, true])
    test(`an answer ${name} sends the error frame (route response: ${routeResponse})`, async () => {
      const { heard, asked } = await firstHeard(answer, { routeResponse })
      assert.is(heard, errorFrame('Internal server error', asked))
    })

test('an answer is read as JSON: undefined members are not extra keys', async () => {
  assert.ok((await firstHeard({ statusCode: 200, extra: undefined })).isSilent)
})

test('an answer that is no JSON counts as an error of the function', async () => {
  const circular: Record<string, unknown> = { statusCode: 200 }
  circular.body = circular
  const { heard, asked } = await firstHeard(circular)
  assert.is(heard, errorFrame('Internal server error', asked))
})

for (const [name, thrower] of Object.entries({
  'throws at once': () => {
    throw new Error('no')
  },
  rejects: () => Promise.reject(new Error('no')),
  'rejects with nothing': () => Promise.reject(),
}))
  test(`a handler that ${name} sends the error frame, and the connection stays open`, async () => {
    const gateway = await local(on({ MESSAGE: thrower }))
    const client = await connect(gateway.url)
    for (const body of ['one', 'two']) {
      client.send(body)
      assert.is(await client.next(), errorFrame('Internal server error', await gateway.next('MESSAGE')))
    }
  })

test('no route and no $default send the Forbidden frame, and nothing is invoked', async () => {
  const invocations: string[] = []
  const gateway = await local(ok, {
    routes: ['$connect', 'join'],
    observe: ({ outcome, connectionId, requestId }) => invocations.push(`${outcome} ${connectionId} ${requestId}`),
  })
  const client = await connect(gateway.url)
  client.send('hi')
  const heard = await client.next()
  const [, connectionId, requestId] = invocations[1]?.split(' ') ?? []
  assert.is(heard, `{"message": "Forbidden", "connectionId":"${connectionId}", "requestId":"${requestId}"}`)
  assert.is(gateway.events.length, 1)
  assert.match(invocations[1] ?? '', /^noRoute /)
})

test('a timeout is told to the client while the handler runs on', async () => {
  const clock = fakeClock()
  const release = signal()
  const finished = signal<string>()
  const gateway = await local(
    on({
      MESSAGE: async () => {
        await release.promise
        finished.resolve('ran on')
        return { statusCode: 200, body: 'late' }
      },
    }),
    { clock, routeResponse: true },
  )
  const client = await connect(gateway.url)
  client.send('slow')
  const asked = await gateway.next('MESSAGE')
  clock.advance(28_999)
  assert.equal(client.received, [])
  clock.advance(1)
  assert.is(await client.next(), errorFrame('Endpoint request timed out', asked))
  release.resolve()
  assert.is(await finished.promise, 'ran on')
  await gateway.close()
  assert.is(client.received.length, 1)
})

test('a handler that takes longer than its function may fails as on Lambda, and the connection stays open', async () => {
  const clock = fakeClock()
  const told = signal<unknown>()
  const gateway = await local(
    on({
      MESSAGE: (event) => ('body' in event && event.body === 'slow' ? new Promise(() => {}) : { statusCode: 200 }),
    }),
    { clock, lambdaTimeoutMs: 3_000, observe: ({ error }) => error !== undefined && told.resolve(String(error)) },
  )
  const client = await connect(gateway.url)
  client.send('slow')
  await gateway.next('MESSAGE')
  clock.advance(2_999)
  assert.equal(client.received, [])
  clock.advance(1)
  assert.match(await client.next(), /^\{"message": "Internal server error", /)
  assert.is(await told.promise, 'Sandbox.Timedout: Task timed out after 3.00 seconds')
  client.send('x')
  await gateway.next('MESSAGE')
})

test('the context counts down by the clock and names the invocation', async () => {
  const clock = fakeClock()
  const remaining: number[] = []
  const ids = new Set<string>()
  const gateway = await local(
    async (_, context) => {
      remaining.push(context.getRemainingTimeInMillis())
      clock.advance(400)
      remaining.push(context.getRemainingTimeInMillis())
      clock.advance(2_000)
      remaining.push(context.getRemainingTimeInMillis())
      ids.add(context.awsRequestId)
      assert.equal(Object.keys(context), [
        'awsRequestId',
        'functionName',
        'functionVersion',
        'invokedFunctionArn',
        'memoryLimitInMB',
        'logGroupName',
        'logStreamName',
        'callbackWaitsForEmptyEventLoop',
        'getRemainingTimeInMillis',
      ])
      return { statusCode: 200 }
    },
    { clock, lambdaTimeoutMs: 1_000 },
  )
  const client = await connect(gateway.url)
  client.send('x')
  await gateway.next('MESSAGE')
  await gateway.close()
  assert.equal(remaining.slice(0, 6), [1_000, 600, 0, 1_000, 600, 0])
  assert.is(ids.size, 3)
})

test('an observer that throws does no harm', async () => {
  const { url } = await local(answering({ statusCode: 200, body: 'fine' }), {
    routeResponse: true,
    observe: () => {
      throw new Error('observer')
    },
  })
  const client = await connect(url)
  client.send('x')
  assert.is(await client.next(), 'fine')
})

test('the observer is told of the error that the client never sees', async () => {
  const told = signal<unknown>()
  const { url } = await local(on({ MESSAGE: () => Promise.reject(new Error('secret')) }), {
    observe: ({ error }) => error instanceof Error && told.resolve(error.message),
  })
  const client = await connect(url)
  client.send('x')
  assert.not.match(await client.next(), 'secret')
  assert.is(await told.promise, 'secret')
})

test.run()
