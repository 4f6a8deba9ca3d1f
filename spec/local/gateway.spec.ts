import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import type { APIGatewayProxyWebsocketHandlerV2 } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { localGateway } from '../../lib/local/index.ts'
import { closeAll, connect, fakeClock, knock, knockAndLeave, local, ok, on, signal } from '../kit/local.ts'

const test = suite('local gateway')
test.after.each(closeAll)

const sentenceOf = (started: Promise<unknown>) =>
  started.then(
    () => 'it started',
    (error: unknown) => String(error),
  )

test('url and endpoint name the stage and a free port of loopback', async () => {
  const { url, endpoint, port } = await local(ok, { stage: 'v1' })
  assert.is(url, `ws://127.0.0.1:${port}/v1`)
  assert.is(endpoint, `http://127.0.0.1:${port}/v1`)
})

const wrong: readonly (readonly [options: unknown, sentence: string])[] = [
  [{ port: 70_000 }, 'TypeError: localGateway: port must be an integer from 0 to 65535, not 70000.'],
  [{ port: '3001' }, "TypeError: localGateway: port must be an integer from 0 to 65535, not '3001'."],
  [{ stage: 'a/b' }, "TypeError: localGateway: stage must be 1 to 128 of letters, digits, '_' and '-', not 'a/b'."],
  [
    { stage: 'a'.repeat(129) },
    `TypeError: localGateway: stage must be 1 to 128 of letters, digits, '_' and '-', not '${'a'.repeat(129)}'.`,
  ],
  [{ stage: '' }, "TypeError: localGateway: stage must be 1 to 128 of letters, digits, '_' and '-', not ''."],
  ...[
    { domainName: 'ws.example.com', mappingKey: 'k'.repeat(301) },
    { domainName: 'ws.example.com', mappingKey: 'a/b' },
    { domainName: 'ws.example.com:443' },
  ].map(
    (customDomain) =>
      [
        { customDomain },
        `TypeError: localGateway: customDomain must be { domainName: 'ws.example.com', mappingKey?: 'v1' }, not ${inspect(customDomain, { breakLength: Infinity })}.`,
      ] as const,
  ),
  [
    { idleMs: Infinity },
    'TypeError: localGateway: idleMs must be a number of milliseconds from 1 to 2147483647, not Infinity.',
  ],
  [{ maxAgeMs: 0 }, 'TypeError: localGateway: maxAgeMs must be a number of milliseconds from 1 to 2147483647, not 0.'],
  [
    { routes: ['$other'] },
    "TypeError: localGateway: routes must be a list of route keys; '$' begins only $connect, $disconnect and $default, not [ '$other' ].",
  ],
  [
    { routeResponse: 'yes' },
    "TypeError: localGateway: routeResponse must be true, false or a list of route keys, not 'yes'.",
  ],
  [
    { routeResponse: ['join'] },
    "TypeError: localGateway: routeResponse names the route 'join', which is not in routes.",
  ],
  [{ clock: {} }, 'TypeError: localGateway: clock must have the functions now, setTimeout and clearTimeout, not {}.'],
  [{ observe: 1 }, 'TypeError: localGateway: observe must be a function, not 1.'],
  [{ waiting: 1 }, 'TypeError: localGateway: waiting must be a function, not 1.'],
  [{ stageVariables: { a: 1 } }, 'TypeError: localGateway: stageVariables must be a record of strings, not { a: 1 }.'],
  [null, 'TypeError: localGateway: the options must be an object, not null.'],
]
for (const [options, sentence] of wrong)
  test(`${JSON.stringify(options)} is refused in a sentence`, async () => {
    // What plain JavaScript can pass and TypeScript cannot.
    const untyped: (handler: unknown, options: unknown) => Promise<unknown> = localGateway as never
    assert.is(await sentenceOf(untyped(ok, options)), sentence)
  })

test('a stage of 128 characters and an API mapping of 300 are taken', async () => {
  const mappingKey = 'k'.repeat(300)
  const { url } = await local(ok, {
    stage: 'a'.repeat(128),
    customDomain: { domainName: 'ws.example.com', mappingKey },
  })
  const { hostname, port } = new URL(url)
  for (const place of [url, `ws://${hostname}:${port}/${mappingKey}`]) {
    const { status, socket } = await knock(place)
    assert.is(status, 101)
    socket?.destroy()
  }
})

test('an unknown option is named, with those that exist', async () => {
  const sentence = await sentenceOf(localGateway(ok, { prot: 3001 } as object))
  assert.match(sentence, "TypeError: localGateway: there is no option 'prot'. The options are port, host, stage, ")
})

test('a handler that is no function is refused in a sentence', async () => {
  const sentence = await sentenceOf(localGateway('./chat.ts' as never))
  assert.is(sentence, "TypeError: localGateway: the handler must be a function, not './chat.ts'.")
})

test('a port in use is refused with what to do', async () => {
  const { port } = await local()
  assert.is(
    await sentenceOf(localGateway(ok, { port })),
    `Error: Port ${port} of 127.0.0.1 is in use. Stop what listens there, or choose another port (0 takes any free one).`,
  )
})

test('an address that is not of this machine is refused in a sentence', async () => {
  assert.match(await sentenceOf(localGateway(ok, { host: '192.0.2.1' })), 'Error: Cannot listen on 192.0.2.1:0')
})

test('a plain GET of the stage is answered 426', async () => {
  const { endpoint } = await local()
  const answer = await fetch(endpoint)
  assert.is(answer.status, 426)
})

test('the page is served at / and read anew each time, and is 404 while it is gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'page-'))
  const page = join(folder, 'index.html')
  await writeFile(page, '<p>none')
  const { port } = await local(ok, { page })
  const get = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    return `${answer.status} ${answer.headers.get('content-type')} ${await answer.text()}`
  }
  await rm(page)
  assert.match(await get(), /^404 .*There is no page at /)
  await writeFile(page, '<p>one')
  assert.is(await get(), '200 text/html; charset=utf-8 <p>one')
  await writeFile(page, '<p>two')
  assert.is(await get(), '200 text/html; charset=utf-8 <p>two')
  await rm(folder, { recursive: true })
})

test('close frees the port, and may be called twice', async () => {
  const { port, close } = await local()
  await Promise.all([close(), close()])
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  await new Promise((resolve) => server.close(resolve))
})

test('close waits for handlers that run, which can still post', async () => {
  const begun = signal()
  const release = signal()
  const statuses: number[] = []
  const gateway = await local(
    on({
      MESSAGE: async () => {
        begun.resolve()
        await release.promise
        statuses.push((await fetch(`${gateway.endpoint}/@connections/AAAAAAAAAAAAAAA=`)).status)
        return { statusCode: 200 }
      },
    }),
  )
  const client = await connect(gateway.url)
  client.send('slow')
  await begun.promise
  const closing = gateway.close()
  await client.closed
  assert.equal(statuses, [])
  release.resolve()
  await closing
  assert.equal(statuses, [410])
})

test('close waits five seconds at most, and says after one which handler it waits for, once', async () => {
  const clock = fakeClock()
  const said: string[] = []
  const waiting = (sentence: string) => said.push(sentence)
  const gateway = await local(on({ MESSAGE: () => new Promise(() => {}) }), { clock, waiting })
  const client = await connect(gateway.url)
  client.send('never')
  const { connectionId } = (await gateway.next('MESSAGE')).requestContext
  const closing = gateway.close()
  await client.closed
  await gateway.next('DISCONNECT')
  clock.advance(999)
  assert.equal(said, [])
  clock.advance(4_001)
  await closing
  assert.is(said.length, 1)
  assert.match(said[0] ?? '', /^Waiting 4 s more at most for /)
  assert.ok(said[0]?.includes(`the handler of $default for ${connectionId}`), said[0])
})

test('close does not wait for a handler past the time that its function may take', async () => {
  for (const [lambdaTimeoutMs, integrationTimeoutMs] of [
    [2_000, 29_000],
    [2_000, 1_000],
  ] as const) {
    const clock = fakeClock()
    const options = { clock, lambdaTimeoutMs, integrationTimeoutMs, routes: ['$default'] }
    const gateway = await local(() => new Promise(() => {}), options)
    const client = await connect(gateway.url)
    client.send('never')
    await gateway.next('MESSAGE')
    clock.advance(1_500)
    let isClosed = false
    const closing = gateway.close().then(() => {
      isClosed = true
    })
    await client.closed
    clock.advance(499)
    await new Promise((resolve) => setImmediate(resolve))
    assert.is(isClosed, false)
    // The client has closed, which the gateway may see a turn later than the end of the handler.
    clock.advance(1)
    await closing
    assert.is(clock.now(), 1_700_000_002_000)
  }
})

test('close says which client it waits for that does not answer', async () => {
  const clock = fakeClock()
  const said: string[] = []
  const gateway = await local(ok, { clock, waiting: (sentence) => said.push(sentence) })
  const silent = await knock(gateway.url)
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  const closing = gateway.close()
  await gateway.next('DISCONNECT')
  clock.advance(5_000)
  await closing
  assert.is(said.length, 1)
  assert.ok(said[0]?.includes(`the client of ${connectionId} to answer the close`), said[0])
  silent.socket?.destroy()
})

test('close that waits for many names three and counts the others', async () => {
  const clock = fakeClock()
  const said: string[] = []
  const waiting = (sentence: string) => said.push(sentence)
  const gateway = await local(() => new Promise(() => {}), { clock, waiting, routes: ['$default'] })
  const client = await connect(gateway.url)
  for (let sent = 0; sent < 5; sent++) client.send('never')
  for (let came = 0; came < 5; came++) await gateway.next('MESSAGE')
  const closing = gateway.close()
  await client.closed
  clock.advance(5_000)
  await closing
  assert.match(said[0] ?? '', /^Waiting 4 s more at most for [^;]+; [^;]+; [^;]+; and [23] more\.$/)
})

test('a close that is quick says nothing', async () => {
  const said: string[] = []
  const gateway = await local(ok, { waiting: (sentence) => said.push(sentence) })
  await connect(gateway.url)
  await gateway.close()
  assert.equal(said, [])
})

test('a connection whose $connect ends while the gateway closes is closed, and $disconnect is delivered', async () => {
  const release = signal()
  const gateway = await local(on({ CONNECT: () => release.promise.then(ok) }))
  const connecting = connect(gateway.url)
  await gateway.next('CONNECT')
  const closing = gateway.close()
  release.resolve()
  const client = await connecting
  assert.is((await client.closed).code, 1001)
  await closing
  assert.is(gateway.events.at(-1)?.requestContext.eventType, 'DISCONNECT')
})

test('a gateway that closes refuses newcomers with 503', async () => {
  const release = signal()
  const gateway = await local(on({ CONNECT: () => release.promise.then(ok) }))
  const connecting = connect(gateway.url)
  await gateway.next('CONNECT')
  const closing = gateway.close()
  assert.is((await knock(gateway.url)).status, 503)
  release.resolve()
  await connecting
  await closing
})

test('clients that vanish, talk nonsense or reset in the middle do not end the process', async () => {
  const gateway = await local(on({ CONNECT: async () => ({ statusCode: 401 }) }))
  for (const act of ['reset', 'nonsense'] as const) {
    const socket = knockAndLeave(gateway.url)
    const closed = new Promise((resolve) => socket.on('close', resolve))
    if (act === 'reset') socket.resetAndDestroy()
    else socket.end(Buffer.from([0x16, 0x03, 0x01, 0x00]))
    socket.resume()
    await closed
  }
  assert.is((await knock(gateway.url)).status, 401)
})

test('a handler with the types of @types/aws-lambda fits, and one that answers through its callback works', async () => {
  const handler: APIGatewayProxyWebsocketHandlerV2 = (event, context, callback) =>
    callback(null, { statusCode: 200, body: `${context.functionName} ${event.requestContext.eventType}` })
  const gateway = await localGateway(handler, { routeResponse: true })
  const client = await connect(gateway.url)
  client.send('x')
  assert.is(await client.next(), 'local MESSAGE')
  await gateway.close()
})

test.run()
