import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Codec, InvalidArgumentError, ws } from 'ws-interlock'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('faults: frames and JSON')

/** An application that counts whatever touches a message, and a peer of it. */
const echo = (options: Parameters<typeof ws>[0] = {}) => {
  const net = wire()
  let handled = 0
  let validated = 0
  const app = ws({ gateway: net.gateway, ...options })
    .onConnect(() => accept())
    .on(
      'echo',
      v.pipe(
        v.unknown(),
        v.check(() => ++validated > 0),
      ),
      ({ data }) => {
        handled++
        return data
      },
    )
    .build()
  return { ...peer(app, net), handled: () => handled, validated: () => validated }
}

const raw = () => {
  const net = wire()
  const got: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .onDefault(({ data }) => {
      got.push(data)
    })
    .build()
  return { ...peer(app, net), got }
}

const refused = ['INVALID_ARGUMENT']
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test('an ordinary message is handled, so that the refusals below mean something', async () => {
  const { send, handled, validated } = echo()
  const { frames } = await send({ action: 'echo', id: '1', data: { a: [1] } })
  assert.equal(frames, [{ action: 'echo', id: '1', data: { a: [1] } }])
  assert.is(handled(), 1)
  assert.is(validated(), 1)
})

test('1. an empty body is refused, and no handler runs, not even the raw one', async () => {
  const { send, handled } = echo()
  assert.equal(codesOf((await send('')).frames), refused)
  assert.is(handled(), 0)
  const other = raw()
  assert.equal(codesOf((await other.send('')).frames), refused)
  assert.equal(other.got, [])
})

for (const body of [undefined, null])
  test(`2. an event whose body is ${body} is refused, and no handler runs, not even the raw one`, async () => {
    const { sendAs, handled } = echo()
    const { statusCode, frames } = await sendAs({ body })
    assert.is(statusCode, 200)
    assert.equal(codesOf(frames), refused)
    assert.is(handled(), 0)
    const other = raw()
    assert.equal(codesOf((await other.sendAs({ body })).frames), refused)
    assert.equal(other.got, [])
  })

test('3. what is not JSON reaches the raw route as it came', async () => {
  const { send, got } = raw()
  assert.equal((await send('hi {there')).frames, [])
  assert.equal(got, ['hi {there'])
})

test('3. what is not JSON is refused where there is no raw route, without quoting it', async () => {
  const { send, handled } = echo()
  const { frames } = await send('secret {there')
  assert.equal(frames, [{ error: { code: 'INVALID_ARGUMENT', message: 'The message is not JSON.' } }])
  assert.is(handled(), 0)
})

for (const body of ['5', '"x"', 'null', 'true', '[1]', '[{"action":"echo"}]'])
  test(`4. ${body} is JSON and no message: it is refused, and no handler runs`, async () => {
    const { send, handled } = echo()
    assert.equal(codesOf((await send(body)).frames), refused)
    assert.is(handled(), 0)
    const other = raw()
    assert.equal(codesOf((await other.send(body)).frames), refused)
    assert.equal(other.got, [])
  })

test('5. JSON behind a byte order mark is refused, and the handler does not run', async () => {
  const { send, handled } = echo()
  const text = '\uFEFF{"action":"echo","data":1}'
  assert.equal(codesOf((await send(text)).frames), refused)
  const isBase64Encoded = true
  assert.equal(codesOf((await send(Buffer.from(text).toString('base64'), { isBase64Encoded })).frames), refused)
  assert.is(handled(), 0)
})

test('6. a message that API Gateway read as another route is refused, and neither handler runs', async () => {
  const net = wire()
  const ran: string[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('send', () => void ran.push('send'))
    .on('admin', () => void ran.push('admin'))
    .build()
  const { send } = peer(app, net)
  const twice = '{"action":"send","action":"admin"}'
  assert.equal(codesOf((await send(twice, { routeKey: 'send' })).frames), refused)
  assert.equal(ran, [])
  await send(twice, { routeKey: 'admin' })
  assert.equal(ran, ['admin'])
})

/** A codec that says whether it was asked. */
const watched = (): Codec & { readonly reads: () => number } => {
  let reads = 0
  return {
    reads: () => reads,
    read: () => {
      reads++
      throw new InvalidArgumentError('Read.')
    },
    reply: () => '{}',
    error: (_, error) => JSON.stringify({ error }),
    push: () => '{}',
  }
}

for (const [number, body] of [
  ['7. an array 5,000 deep', nested(5_000)],
  ['7. an array 5,000 deep inside of a message', `{"action":"echo","data":${nested(5_000)}}`],
  ['8. an array 65,536 deep, which is all of 128 KB,', nested(65_536)],
  ['9. a message of 14,000 keys, which is what 128 KB hold,', JSON.stringify({ action: 'echo', data: keys(14_000) })],
  ['9. a message of 60,000 items', JSON.stringify({ action: 'echo', data: Array(60_000).fill(0) })],
] as const)
  test(`${number} is refused before anything else walks it, and the handler does not run`, async () => {
    const codec = watched()
    const { send, handled, validated } = echo({ codec })
    const { statusCode, frames } = await send(body)
    assert.is(statusCode, 200)
    assert.equal(codesOf(frames), refused)
    assert.not.equal((frames as { error: { message: string } }[])[0]?.error.message, 'Read.')
    assert.is(codec.reads() + validated() + handled(), 0)
  })

test('7. nesting of 64 levels is carried, and of 65 refused', async () => {
  const { send, handled } = echo()
  // The message itself is one level.
  await send(`{"action":"echo","data":${nested(63)}}`)
  assert.is(handled(), 1)
  assert.equal(codesOf((await send(`{"action":"echo","data":${nested(64)}}`)).frames), refused)
  assert.is(handled(), 1)
})

test('9. a message of 1,000 keys is carried, and of 1,001 refused, wherever they are', async () => {
  const { send, handled } = echo()
  // Two of them are "action" and "data".
  await send({ action: 'echo', data: keys(998) })
  assert.is(handled(), 1)
  assert.equal(codesOf((await send({ action: 'echo', data: keys(999) })).frames), refused)
  const spread = { action: 'echo', data: [keys(499), keys(498)] }
  assert.equal(codesOf((await send(spread)).frames), refused)
  assert.is(handled(), 1)
})

test('12. a message above the configured size is refused as too large, and the handler does not run', async () => {
  const { send, handled } = echo({ limits: { maxBytes: 16 * 1024 } })
  const { frames } = await send({ action: 'echo', id: '1', data: 'x'.repeat(17 * 1024) })
  assert.equal(codesOf(frames), ['RESOURCE_EXHAUSTED'])
  assert.is(handled(), 0)
})

test('12. the size is counted in bytes of UTF-8: at the limit a message is carried, a byte above it is not', async () => {
  const maxBytes = 1024
  const { send, handled } = echo({ limits: { maxBytes } })
  const frame = '{"action":"echo","data":""}'
  const fill = (bytes: number) => `${'é'.repeat((bytes - frame.length - 1) / 2)}x`
  const body = frame.replace('""', `"${fill(maxBytes)}"`)
  assert.is(Buffer.byteLength(body), maxBytes)
  await send(body)
  assert.is(handled(), 1)
  const { frames } = await send(`${body} `)
  assert.equal(frames, [
    {
      error: {
        code: 'RESOURCE_EXHAUSTED',
        message: 'The message takes 1025 bytes; 1024 are allowed.',
        details: { bytes: 1025, maxBytes },
      },
    },
  ])
  assert.is(handled(), 1)
})

function keys(count: number) {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [index.toString(36), 0]))
}

test.run()
