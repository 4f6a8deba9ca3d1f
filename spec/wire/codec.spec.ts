import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  type Codec,
  type Frame,
  InvalidArgumentError,
  type Options,
  PermissionDeniedError,
  ws,
} from 'ws-interlock'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('wire')

/** An application that can do one of each: reply, refuse, push and close. */
const one = (options: Options = {}) => {
  const net = wire()
  const posted: string[] = []
  const post: typeof net.gateway.post = async (id, body) => {
    posted.push(body)
    return net.gateway.post(id, body)
  }
  const app = ws({ gateway: { ...net.gateway, post }, ...options })
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data }) => data)
    .on('refuse', () => {
      throw new PermissionDeniedError('Not you.', { details: { a: 1 }, retryAfterMs: 5 })
    })
    .on('say', async ({ push }) => push('said', 'hello'))
    .on('part', async ({ close }) => close('Enough.'))
    .build()
  return { ...peer(app, net), posted }
}

test('each frame is written as the page about the wire says, member for member', async () => {
  const { send, posted } = one()
  for (const body of [
    { action: 'echo', id: '7', data: { a: 1 } },
    { action: 'say', id: '8' },
    { action: 'refuse', id: '9' },
    { action: 'part' },
  ])
    await send(body)
  assert.equal(posted, [
    '{"action":"echo","id":"7","data":{"a":1}}',
    '{"event":"said","data":"hello"}',
    '{"action":"say","id":"8"}',
    '{"action":"refuse","id":"9","error":{"code":"PERMISSION_DENIED","message":"Not you.","details":{"a":1},"retryAfterMs":5}}',
    '{"event":"$bye","data":{"code":"OK","message":"Enough."}}',
  ])
})

test('a frame that could not be read is answered without action and id', async () => {
  const { send, posted } = one()
  await send('{"action":"echo","id":7}')
  assert.equal(Object.keys(JSON.parse(posted[0] ?? '')), ['error'])
})

test('names and ids of 128 characters are read, and of 129 refused', async () => {
  const { send } = one()
  const id = 'i'.repeat(128)
  assert.equal((await send({ action: 'echo', id, data: 1 })).frames, [{ action: 'echo', id, data: 1 }])
  assert.equal(codesOf((await send({ action: 'echo', id: `${id}i`, data: 1 })).frames), ['INVALID_ARGUMENT'])
  assert.equal(codesOf((await send({ action: 'a'.repeat(128) })).frames), ['UNIMPLEMENTED'])
  assert.equal(codesOf((await send({ action: 'a'.repeat(129) })).frames), ['INVALID_ARGUMENT'])
})

/** JSON-RPC 2.0, as far as it goes. */
const jsonRpc: Codec = {
  read: (body) => {
    const { method, id, params } = Object(body) as { method?: unknown; id?: unknown; params?: unknown }
    if (typeof method !== 'string') throw new InvalidArgumentError('A request needs a method.')
    return { action: method, id: id === undefined ? undefined : String(id), data: params }
  },
  reply: ({ id }, result = null) => JSON.stringify({ jsonrpc: '2.0', id, result }),
  error: (frame, { code, message }) =>
    JSON.stringify({ jsonrpc: '2.0', id: frame?.id ?? null, error: { code: -32_000, message, data: code } }),
  push: (method, params) => JSON.stringify({ jsonrpc: '2.0', method, params }),
}

test("a codec of one's own reads and writes every frame", async () => {
  const { send } = one({ codec: jsonRpc })
  const say = async (body: object) => (await send({ jsonrpc: '2.0', ...body })).frames
  assert.equal(await say({ method: 'echo', id: 7, params: [1] }), [{ jsonrpc: '2.0', id: '7', result: [1] }])
  assert.equal(await say({ method: 'say', id: 8 }), [
    { jsonrpc: '2.0', method: 'said', params: 'hello' },
    { jsonrpc: '2.0', id: '8', result: null },
  ])
  assert.equal(await say({ method: 'refuse', id: 9 }), [
    { jsonrpc: '2.0', id: '9', error: { code: -32_000, message: 'Not you.', data: 'PERMISSION_DENIED' } },
  ])
  assert.equal(await say({ id: 10 }), [
    {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32_000, message: 'A request needs a method.', data: 'INVALID_ARGUMENT' },
    },
  ])
  assert.equal(await say({ method: 'part' }), [
    { jsonrpc: '2.0', method: '$bye', params: { code: 'OK', message: 'Enough.' } },
    '$closed',
  ])
})

test('a codec that breaks is a defect of the server, and the peer is told no detail', async () => {
  const errors: unknown[] = []
  const net = wire()
  const broken = new Error('secret')
  const codec: Codec = {
    ...jsonRpc,
    read: () => {
      throw broken
    },
  }
  const app = ws({ gateway: net.gateway, codec })
    .onConnect(() => accept())
    .on('echo', () => {})
    .onError((error) => void errors.push(error))
    .build()
  const { frames } = await peer(app, net).send({ method: 'echo' })
  assert.equal(frames, [
    { jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'Internal error', data: 'INTERNAL' } },
  ])
  assert.equal(errors, [broken])
})

test('a codec is given the frame that it read', async () => {
  const seen: (Frame | undefined)[] = []
  const codec: Codec = {
    ...jsonRpc,
    reply: (frame, result) => {
      seen.push(frame)
      return jsonRpc.reply(frame, result)
    },
  }
  await one({ codec }).send({ method: 'echo', id: '7', params: [1] })
  const [{ action, id, data } = {}] = seen as [Partial<Frame>?]
  assert.equal([action, id, data], ['echo', '7', [1]])
})

for (const [limit, within, beyond] of [
  [{ maxDepth: 3 }, [[1]], [[[1]]]],
  [{ maxKeys: 4 }, [1, 2], [1, 2, 3]],
  [{ maxBytes: 40 }, 'x'.repeat(13), 'x'.repeat(14)],
] as const)
  test(`with { limits: ${JSON.stringify(limit)} } a message beyond it is refused, and one within it is not`, async () => {
    const { send } = one({ limits: limit })
    assert.equal((await send({ action: 'echo', data: within })).frames, [{ action: 'echo', data: within }])
    const [code] = codesOf((await send({ action: 'echo', data: beyond })).frames)
    assert.is(code, 'maxBytes' in limit ? 'RESOURCE_EXHAUSTED' : 'INVALID_ARGUMENT')
  })

test.run()
