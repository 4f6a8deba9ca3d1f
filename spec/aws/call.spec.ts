import { type AddressInfo, createServer } from 'node:net'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type CallOptions, caller } from '../../lib/aws/call.ts'
import { CREDENTIALS, closedPort, withServer } from '../kit/connections.ts'

const test = suite('aws/call')

const callerOf = (endpoint: string, options?: Partial<CallOptions>) =>
  caller({ endpoint, service: 'dynamodb', credentials: () => CREDENTIALS, env: {}, ...options })
const POST = { method: 'POST', path: '/' }
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
const messageOf = async (promise: Promise<unknown>) => String(await failure(promise))

test('a signed request arrives, and its answer comes back whole', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const headers = { 'x-amz-target': 'DynamoDB_20120810.GetItem', 'content-type': 'application/x-amz-json-1.0' }
      const reply = await callerOf(`${origin}/base/`)({ method: 'POST', path: '/a', headers, body: '{"é":1}' })
      assert.is(reply.status, 400)
      assert.is(reply.body, 'ሴ no')
      assert.is(reply.headers['x-answer'], 'yes')
      assert.is(seen[0]?.path, '/base/a')
      assert.is(seen[0]?.body, '{"é":1}')
      assert.is(seen[0]?.headers['x-amz-target'], 'DynamoDB_20120810.GetItem')
      assert.match(seen[0]?.headers.authorization ?? '', /\/us-east-1\/dynamodb\/aws4_request/)
    },
    () => ({ status: 400, headers: { 'X-Answer': 'yes' }, body: 'ሴ no' }),
  )
})

test('twenty calls one after the other share one connection', async () => {
  await withServer(async ({ origin, seen }) => {
    const call = callerOf(origin)
    for (let count = 0; count < 20; count += 1) await call(POST)
    assert.is(seen.length, 20)
    assert.is(new Set(seen.map(({ socket }) => socket)).size, 1)
  })
})

test('no more connections than maxSockets are opened', async () => {
  await withServer(async ({ origin, seen }) => {
    const call = callerOf(origin, { maxSockets: 3 })
    await Promise.all(Array.from({ length: 30 }, () => call(POST)))
    assert.is(new Set(seen.map(({ socket }) => socket)).size, 3)
  })
})

test('a kept-alive connection that turns out dead costs one more attempt on a fresh one', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const call = callerOf(origin)
      await Promise.all([call(POST), call(POST)])
      assert.is((await call({ ...POST, body: 'again' })).status, 200)
      assert.equal(
        seen.slice(2).map(({ socket, body }) => [socket < 2, body]),
        [
          [true, 'again'],
          [false, 'again'],
        ],
      )
    },
    ({ socket }, index) => (socket < 2 && index >= 2 ? 'reset' : { status: 200 }),
  )
})

test('a second dead connection is not tried a third time', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const call = callerOf(origin)
      await call(POST)
      assert.match(await messageOf(call(POST)), /ECONNRESET|socket hang up/)
      assert.is(seen.length, 3)
    },
    (_, index) => (index > 0 ? 'reset' : { status: 200 }),
  )
})

test('a kept-alive connection that is cut after the answer began is not tried again', async () => {
  await withServer(
    async ({ origin, seen }) => {
      const call = callerOf(origin)
      await call(POST)
      assert.instance(await failure(call(POST)), Error)
      assert.is(seen.length, 2)
    },
    (_, index) => (index > 0 ? 'torn' : { status: 200 }),
  )
})

test('a fresh connection that is cut is not tried again', async () => {
  await withServer(
    async ({ origin, seen }) => {
      assert.match(await messageOf(callerOf(origin)(POST)), /ECONNRESET|socket hang up/)
      assert.is(seen.length, 1)
    },
    () => 'reset',
  )
})

test('an aborted call rejects with the reason of its signal', async () => {
  const controller = new AbortController()
  await withServer(
    async ({ origin }) => {
      const reason = new Error('enough')
      const call = callerOf(origin)
      const pending = failure(call({ ...POST, signal: controller.signal }))
      const queued = failure(callerOf(origin, { maxSockets: 1 })({ ...POST, signal: controller.signal }))
      controller.abort(reason)
      assert.is(await pending, reason)
      assert.is(await queued, reason)
      assert.is(await failure(call({ ...POST, signal: controller.signal })), reason)
    },
    () => 'hang',
  )
})

test('many calls share one signal without a warning', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  await withServer(async ({ origin }) => {
    const call = callerOf(origin)
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 50 }, () => call({ ...POST, signal })))
  })
  process.off('warning', note)
  assert.equal(warnings, [])
})

test('a call is aborted while the server hangs', async () => {
  const controller = new AbortController()
  await withServer(
    async ({ origin, seen }) => {
      const error = await failure(callerOf(origin)({ ...POST, signal: controller.signal }))
      assert.is(error, controller.signal.reason)
      assert.is(seen.length, 1)
    },
    () => {
      controller.abort()
      return 'hang'
    },
  )
})

test('a server that hangs is given up after timeoutMs', async () => {
  await withServer(
    async ({ origin }) => {
      const error = await failure(callerOf(origin, { timeoutMs: 1 })(POST))
      assert.match(String(error), /no answer within 1 ms/)
      assert.is(Object(error).code, 'ETIMEDOUT')
    },
    () => 'hang',
  )
})

test('a connection that is refused rejects', async () => {
  assert.match(await messageOf(callerOf(await closedPort())(POST)), /ECONNREFUSED/)
})

test('an answer that is cut half way rejects', async () => {
  await withServer(
    async ({ origin }) => {
      assert.match(await messageOf(callerOf(origin)(POST)), /aborted|ECONNRESET/)
    },
    () => 'cut',
  )
})

test('an https endpoint is spoken to in TLS', async () => {
  let first: number | undefined
  const server = createServer((socket) => {
    socket
      .on('error', () => {})
      .once('data', (bytes) => {
        first = bytes[0]
        socket.destroy()
      })
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  assert.instance(await failure(callerOf(`https://127.0.0.1:${port}`)(POST)), Error)
  await new Promise((resolve) => server.close(resolve))
  // A TLS record of type handshake (RFC 8446, 5.1).
  assert.is(first, 22)
})

test('a literal IPv6 address is an address, not a name to look up', async () => {
  const { port } = new URL(await closedPort())
  assert.match(await messageOf(callerOf(`http://[::1]:${port}`)(POST)), /ECONNREFUSED ::1|EADDRNOTAVAIL ::1/)
})

test('missing credentials and a missing region reject before anything is sent', async () => {
  const remote = 'https://ws.example.com'
  assert.match(
    await messageOf(caller({ endpoint: remote, service: 'execute-api', env: {} })(POST)),
    /No AWS credentials/,
  )
  assert.match(await messageOf(callerOf(remote)(POST)), /No AWS region/)
})

test('an endpoint that is no HTTP URL is refused by name', () => {
  assert.throws(() => callerOf('wss://ws.example.com'), /^'wss:\/\/ws.example.com' is no endpoint/)
  assert.throws(() => callerOf('ws.example.com/prod'), /is no endpoint/)
})

test('an answer without end is given up, and ends neither the memory nor the process', async () => {
  const chunk = 'x'.repeat(1024 * 1024)
  const endless = createServer((socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    }
    socket.on('error', () => {})
    socket.on('drain', more)
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      more()
    })
  })
  await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve))
  const { port } = endless.address() as AddressInfo
  const said = await messageOf(callerOf(`http://127.0.0.1:${port}`, { region: 'eu-west-1' })(POST))
  assert.match(said, /longer than 8388608 bytes/)
  endless.close()
})

test.run()
