import { fileURLToPath } from 'node:url'
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MAX_MESSAGE_BYTES } from '../../lib/gateway/gateway.ts'
import { type ManagementOptions, management } from '../../lib/gateway/management.ts'
import { type Answer, CREDENTIALS, closedPort, type Seen, withServer } from '../kit/connections.ts'

const test = suite('gateway/management')

const ID = 'R0oXAdfD0kwCH6w='
const PATH = '/prod/@connections/R0oXAdfD0kwCH6w%3D'
const INFO: Answer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: `{ "identity": { "sourceIp": "1.2.3.4", "userAgent": "Mozilla/5.0" },
    "connectedAt": "2020-11-15T12:23:14.726Z", "lastActiveAt": "2020-11-15T12:23:14.972Z" }`,
}
/** As AWS answers: the type in a header, and no body at all. */
const GONE: Answer = { status: 410, headers: { 'x-amzn-errortype': 'GoneException' } }
const THROTTLED: Answer = {
  status: 429,
  headers: { 'x-amzn-errortype': 'LimitExceededException' },
  body: '{"message":"Rate exceeded"}',
}

const gatewayOf = (origin: string, options?: Partial<ManagementOptions>) => {
  const slept: number[] = []
  const gateway = management({
    endpoint: `${origin}/prod`,
    credentials: () => CREDENTIALS,
    random: () => 1,
    sleep: async (ms) => {
      slept.push(ms)
    },
    env: {},
    ...options,
  })
  return { ...gateway, slept }
}
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const messageOf = async (promise: Promise<unknown>) => {
  const error = await failure(promise)
  return error instanceof Error ? error.message : ''
}

test('requests are those of the official client', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const { post, close, info } = gatewayOf(origin)
      assert.equal(await post(ID, '{"é":"ሴ😀"}'), { outcome: 'delivered' })
      await info(ID)
      assert.equal(await close(ID), { outcome: 'delivered' })

      const client = new ApiGatewayManagementApiClient({
        endpoint: `${origin}/prod`,
        region: 'us-east-1',
        credentials: CREDENTIALS,
      })
      await client.send(new PostToConnectionCommand({ ConnectionId: ID, Data: '{"é":"ሴ😀"}' }))
      await client.send(new GetConnectionCommand({ ConnectionId: ID }))
      await client.send(new DeleteConnectionCommand({ ConnectionId: ID }))
      client.destroy()

      const essence = ({ method, path, body }: Seen) => [method, path, body]
      assert.equal(seen.slice(0, 3).map(essence), seen.slice(3).map(essence))
      assert.equal(seen.slice(0, 3).map(essence), [
        ['POST', PATH, '{"é":"ሴ😀"}'],
        ['GET', PATH, ''],
        ['DELETE', PATH, ''],
      ])
      const service = /\/us-east-1\/execute-api\/aws4_request/
      for (const { headers } of seen) assert.match(headers.authorization ?? '', service)
    },
    ({ method }) => (method === 'GET' ? INFO : { status: method === 'POST' ? 200 : 204 }),
  )
})

test('a live connection is described', async () => {
  await withServer(
    async ({ origin }) => {
      assert.equal(await gatewayOf(origin).info(ID), {
        connectedAt: new Date('2020-11-15T12:23:14.726Z'),
        lastActiveAt: new Date('2020-11-15T12:23:14.972Z'),
        sourceIp: '1.2.3.4',
        userAgent: 'Mozilla/5.0',
      })
    },
    () => INFO,
  )
})

test('a description without a user agent is read, one without the rest rejects', async () => {
  const bodies = [
    '{"connectedAt":"2020-11-15T12:23:14.726Z","lastActiveAt":"2020-11-15T12:23:14.972Z","identity":{"sourceIp":"1.2.3.4","userAgent":null}}',
    '{"message":"hello"}',
  ]
  await withServer(
    async ({ origin }) => {
      const { info } = gatewayOf(origin)
      assert.is((await info(ID))?.userAgent, undefined)
      assert.match(await messageOf(info(ID)), /not that of GetConnection/)
    },
    (_, index) => ({ status: 200, body: bodies[index] ?? '' }),
  )
})

test('a 410 is a connection that is gone', async () => {
  await withServer(
    async ({ origin }) => {
      const { post, close, info } = gatewayOf(origin)
      assert.equal(await post(ID, 'hello'), { outcome: 'gone' })
      assert.equal(await close(ID), { outcome: 'gone' })
      assert.is(await info(ID), undefined)
    },
    () => GONE,
  )
})

test('an id that no connection can have is gone too', async () => {
  await withServer(
    async ({ origin }) => {
      assert.equal(await gatewayOf(origin).post('WDGT8fY4joECJrQ=test', 'hello'), { outcome: 'gone' })
      assert.is(await gatewayOf(origin).info('WDGT8fY4joECJrQ=test'), undefined)
    },
    () => ({
      status: 400,
      headers: { 'x-amzn-errortype': 'BadRequestException' },
      body: '{"message":"Invalid connectionId: WDGT8fY4joECJrQ=test"}',
    }),
  )
})

test('an id that would name another path is never sent', async () => {
  await withServer(async ({ origin, seen }) => {
    const { post } = gatewayOf(origin)
    for (const id of ['', '.', '..']) assert.match(await messageOf(post(id, 'hello')), /is no connection id/)
    assert.is(seen.length, 0)
    await post('../../other?x#y', 'hello')
    assert.is(seen[0]?.path, '/prod/@connections/..%2F..%2Fother%3Fx%23y')
  })
})

test('a throttled post is sent again after a wait', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const { post, slept } = gatewayOf(origin, { random: () => 0.5 })
      assert.equal(await post(ID, 'hello'), { outcome: 'delivered' })
      assert.equal(slept, [25, 50])
      assert.equal(
        seen.map(({ body }) => body),
        ['hello', 'hello', 'hello'],
      )
    },
    (_, index) => (index < 2 ? THROTTLED : { status: 200 }),
  )
})

test('a post that stays throttled is given up after the retries', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const { post, close, info, slept } = gatewayOf(origin, { retries: 5, baseMs: 100, capMs: 500 })
      assert.equal(await post(ID, 'hello'), { outcome: 'throttled', retryAfterMs: 500 })
      assert.is(seen.length, 6)
      assert.equal(slept, [100, 200, 400, 500, 500])
      assert.equal(await close(ID), { outcome: 'throttled', retryAfterMs: 500 })
      assert.match(await messageOf(info(ID)), /answered 429 LimitExceededException Rate exceeded/)
    },
    () => THROTTLED,
  )
})

test('a post can say for itself how often it is sent again', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const { post } = gatewayOf(origin)
      assert.equal(await post(ID, 'hello', undefined, 0), { outcome: 'throttled', retryAfterMs: 50 })
      assert.is(seen.length, 1)
      assert.equal(await post(ID, 'hello', undefined, 1), { outcome: 'throttled', retryAfterMs: 100 })
      assert.is(seen.length, 3)
    },
    () => THROTTLED,
  )
})

test('the default is three retries', async () => {
  await withServer(
    async ({ origin, seen }) => {
      assert.equal(await gatewayOf(origin).post(ID, 'hello'), { outcome: 'throttled', retryAfterMs: 400 })
      assert.is(seen.length, 4)
    },
    () => THROTTLED,
  )
})

test('an abort ends the wait of a throttled post', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const controller = new AbortController()
      const reason = new Error('the Lambda is about to end')
      // Asked right before the wait, which would be a minute.
      const random = () => {
        setImmediate(() => controller.abort(reason))
        return 1
      }
      const { post } = gatewayOf(origin, { random, baseMs: 60_000, capMs: 60_000, sleep: undefined })
      assert.is(await failure(post(ID, 'hello', controller.signal)), reason)
      assert.is(seen.length, 1)
    },
    () => THROTTLED,
  )
})

test('a sleep that ignores the abort is followed by no attempt', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const controller = new AbortController()
      const { post } = gatewayOf(origin, { sleep: async () => controller.abort() })
      assert.is(await failure(post(ID, 'hello', controller.signal)), controller.signal.reason)
      assert.is(seen.length, 1)
    },
    () => THROTTLED,
  )
})

test('without other wishes the wait is a real one', async () => {
  await withServer(
    async ({ origin }) => {
      const { post } = gatewayOf(origin, { random: undefined, sleep: undefined, baseMs: 1 })
      assert.equal(await post(ID, 'hello'), { outcome: 'delivered' })
    },
    (_, index) => (index === 0 ? THROTTLED : { status: 200 }),
  )
})

test('a body is measured in bytes: 128 KB is sent, one byte more is not', async () => {
  await withServer(async ({ origin, seen }) => {
    const { post } = gatewayOf(origin)
    const full = 'é'.repeat(MAX_MESSAGE_BYTES / 2)
    assert.equal(await post(ID, full), { outcome: 'delivered' })
    assert.is(Buffer.byteLength(seen[0]?.body ?? ''), 131_072)
    assert.equal(await post(ID, `${full}a`), { outcome: 'tooLarge', bytes: 131_073, maxBytes: 131_072 })
    // Fewer characters than the limit has bytes.
    assert.is((await post(ID, '😀'.repeat(32_769))).outcome, 'tooLarge')
    assert.is(seen.length, 1)
  })
})

test('a 413 is a message that is too large', async () => {
  await withServer(
    async ({ origin }) => {
      assert.equal(await gatewayOf(origin).post(ID, 'hé'), { outcome: 'tooLarge', bytes: 3, maxBytes: 131_072 })
    },
    () => ({ status: 413, headers: { 'x-amzn-errortype': 'PayloadTooLargeException' } }),
  )
})

test('a 500 rejects, is not retried, and names method, connection and endpoint but not the body', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const message = await messageOf(gatewayOf(origin).post(ID, 'a secret'))
      assert.is(
        message,
        `POST to connection '${ID}' at ${origin}/prod failed: it answered 500 InternalServerErrorException Oh no`,
      )
      assert.is(seen.length, 1)
      const without = await messageOf(gatewayOf(origin).close(ID))
      assert.is(without, `DELETE to connection '${ID}' at ${origin}/prod failed: it answered 502`)
    },
    (_, index) =>
      index === 0
        ? {
            status: 500,
            headers: { 'x-amzn-errortype': 'InternalServerErrorException:x' },
            body: '{"message":"Oh no"}',
          }
        : { status: 502, body: '<html>' },
  )
})

test('a network failure rejects and names method, connection and endpoint but not the body', async () => {
  const origin = await closedPort()
  const error = await failure(gatewayOf(origin).post(ID, 'a secret'))
  assert.instance(error, Error)
  const { message, cause } = error as Error
  assert.match(message, `POST to connection '${ID}' at ${origin}/prod failed: connect ECONNREFUSED`)
  assert.not.match(message, 'secret')
  assert.instance(cause, Error)
})

test('a post to a peer that hangs is given up after timeoutMs, and ends at once on abort', async () => {
  const controller = new AbortController()
  await withServer(
    async ({ origin }) => {
      assert.match(await messageOf(gatewayOf(origin, { timeoutMs: 1 }).post(ID, 'hello')), /no answer within 1 ms/)
      const pending = gatewayOf(origin).post('second', 'hello', controller.signal)
      assert.is(await failure(pending), controller.signal.reason)
    },
    ({ path }) => {
      if (path.endsWith('second')) controller.abort()
      return 'hang'
    },
  )
})

test('twenty posts share one connection', async () => {
  await withServer(async ({ origin, seen }) => {
    const { post } = gatewayOf(origin)
    for (let count = 0; count < 20; count += 1) await post(`connection${count}`, 'hello')
    assert.equal(new Set(seen.map(({ socket }) => socket)).size, 1)
  })
})

test('a post on a connection that died meanwhile is delivered on another', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const { post } = gatewayOf(origin)
      await post(ID, 'one')
      assert.equal(await post(ID, 'two'), { outcome: 'delivered' })
      assert.equal(
        seen.map(({ body, socket }) => `${body} ${socket}`),
        ['one 0', 'two 0', 'two 1'],
      )
    },
    (_, index) => (index === 1 ? 'reset' : { status: 200 }),
  )
})

test('importing it imports nothing of Node: builtins wait for the first post', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(import.meta.resolve('../../lib/gateway/management.ts'))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
  })
  const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  assert.equal(
    imports.filter(({ external }) => external).map(({ path }) => path),
    [],
  )
})

test('missing credentials reject with what is missing', async () => {
  const { post } = management({ endpoint: 'https://abc.execute-api.eu-west-1.amazonaws.com/prod', env: {} })
  assert.match(await messageOf(post(ID, 'hello')), /^POST to connection .* failed: No AWS credentials for abc/)
})

test.run()
