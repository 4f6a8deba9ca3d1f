import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, NotFoundError, type Options, ResourceExhaustedError, route, ws } from 'ws-interlock'
import { messageEvent } from 'ws-interlock/testing'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('flow: replies')

/** An application whose one handler returns what it is told, and what came of it. */
const returning = (value: () => unknown, options: Options = {}) => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway, warn: () => {}, ...options })
    .onConnect(() => accept())
    .on('go', value)
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), app, net, errors }
}

const fail = () => {
  throw new NotFoundError('No such room.', { details: { room: 'attic' }, retryAfterMs: 20, cause: 'secret' })
}
const crash = () => {
  throw new Error('secret at /srv/secret.ts')
}
const withId = { action: 'go', id: '7' }
const withoutId = { action: 'go' }
const notFound = { code: 'NOT_FOUND', message: 'No such room.', details: { room: 'attic' }, retryAfterMs: 20 }
const internal = { code: 'INTERNAL', message: 'Internal error' }

for (const [said, value, named, unnamed] of [
  ['an object', () => ({ a: 1 }), [{ ...withId, data: { a: 1 } }], [{ ...withoutId, data: { a: 1 } }]],
  ['a promise of a string', async () => 'x', [{ ...withId, data: 'x' }], [{ ...withoutId, data: 'x' }]],
  ['false', () => false, [{ ...withId, data: false }], [{ ...withoutId, data: false }]],
  ['null', () => null, [{ ...withId, data: null }], [{ ...withoutId, data: null }]],
  ['undefined', () => {}, [withId], []],
  ['a promise of nothing', async () => {}, [withId], []],
  ['an error of the library', fail, [{ ...withId, error: notFound }], [{ ...withoutId, error: notFound }]],
  ['a rejection', async () => fail(), [{ ...withId, error: notFound }], [{ ...withoutId, error: notFound }]],
  ['any other error', crash, [{ ...withId, error: internal }], [{ ...withoutId, error: internal }]],
] as const) {
  test(`a handler that gives ${said} answers a message with an id by ${JSON.stringify(named)}`, async () => {
    const { send } = returning(value)
    assert.equal(await send(withId), { statusCode: 200, frames: named })
  })

  test(`a handler that gives ${said} answers a message without an id by ${JSON.stringify(unnamed)}`, async () => {
    const { send } = returning(value)
    assert.equal(await send(withoutId), { statusCode: 200, frames: unnamed })
  })
}

test('replies are posted by default: the invocation itself is answered without a body', async () => {
  const { handle, connectionId, taken } = returning(() => 'x')
  assert.equal(await handle(messageEvent({ connectionId, body: withId })), { statusCode: 200 })
  assert.equal(taken(), [{ ...withId, data: 'x' }])
})

test('as route responses replies and errors are the body of the answer, and nothing is posted', async () => {
  for (const [value, frame] of [
    [() => 'x', { ...withId, data: 'x' }],
    [() => {}, withId],
    [fail, { ...withId, error: notFound }],
    [crash, { ...withId, error: internal }],
  ] as const) {
    const { handle, connectionId, net } = returning(value, { replies: 'route-response' })
    const { statusCode, body } = await handle(messageEvent({ connectionId, body: withId }))
    assert.is(statusCode, 200)
    assert.equal(JSON.parse(body ?? ''), frame)
    assert.is(net.posts(), 0)
  }
})

test('as route responses a message that is not to be answered has no body', async () => {
  const { handle, connectionId } = returning(() => {}, { replies: 'route-response' })
  assert.equal(await handle(messageEvent({ connectionId, body: withoutId })), { statusCode: 200 })
})

const circular = () => {
  const self: { self?: unknown } = {}
  self.self = self
  return self
}
for (const [said, value] of [
  ['a BigInt', () => ({ n: 1n })],
  ['a circle', circular],
] as const)
  test(`a reply with ${said}, which JSON cannot write, is a defect of the server`, async () => {
    const { send, errors } = returning(value)
    assert.equal((await send(withId)).frames, [{ ...withId, error: internal }])
    assert.is(errors.length, 1)
    assert.instance(errors[0], TypeError)
  })

test('a reply above 128 KB fails the message with its size', async () => {
  const { send, errors } = returning(() => 'é'.repeat(65_536))
  const { frames } = await send(withId)
  assert.equal(codesOf(frames), ['RESOURCE_EXHAUSTED'])
  assert.instance(errors[0], ResourceExhaustedError)
  const bytes = Buffer.byteLength(JSON.stringify({ ...withId, data: 'é'.repeat(65_536) }))
  assert.equal((errors[0] as ResourceExhaustedError).details, { bytes, maxBytes: 131_072 })
})

test('a reply of 128 KB to the byte is sent', async () => {
  const room = 131_072 - JSON.stringify({ ...withId, data: '' }).length
  const { send } = returning(() => 'x'.repeat(room))
  assert.equal((await send(withId)).frames, [{ ...withId, data: 'x'.repeat(room) }])
  const other = returning(() => 'x'.repeat(room + 1))
  assert.equal(codesOf((await other.send(withId)).frames), ['RESOURCE_EXHAUSTED'])
})

/** An application whose reply has a schema, and whose handler returns what it is told. */
const shaped = (value: { at: Date; secret?: number }) => {
  const net = wire()
  const errors: unknown[] = []
  const reply = v.objectAsync({
    at: v.pipeAsync(
      v.date('A date, please.'),
      v.transformAsync(async (date) => date.getTime()),
    ),
    by: v.optional(v.string(), 'us'),
  })
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('go', route({ reply }), () => value)
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), errors }
}

test('the reply is what its schema makes of what the handler returned', async () => {
  const { send } = shaped({ at: new Date(5), secret: 1 })
  assert.equal((await send(withId)).frames, [{ ...withId, data: { at: 5, by: 'us' } }])
})

test('a reply that its schema refuses is a defect of the server', async () => {
  const { send, errors } = shaped({ at: 'today' as never })
  assert.equal((await send(withId)).frames, [{ ...withId, error: internal }])
  assert.equal(
    errors.map((error) => (error as Error).message),
    ["The reply of 'go' is not valid: A date, please."],
  )
})

test('a handler that answers API Gateway and not the peer is warned about', async () => {
  const warnings: string[] = []
  const { send } = returning(() => ({ statusCode: 200 }), { warn: ({ code }) => void warnings.push(code) })
  assert.equal((await send(withId)).frames, [{ ...withId, data: { statusCode: 200 } }])
  assert.equal(warnings, ['STATUS_AS_REPLY'])
})

test('a reply that cannot be delivered is told to the owner, and the invocation is answered', async () => {
  const net = wire()
  const post = async () => {
    throw new Error('the line is cut')
  }
  const { handle, connectionId, errors } = returning(() => 'x', { gateway: { ...net.gateway, post } })
  assert.equal(await handle(messageEvent({ connectionId, body: withId })), { statusCode: 200 })
  assert.equal(errors, [new Error('the line is cut')])
  const failing = returning(fail, { gateway: { ...net.gateway, post } })
  assert.equal(await failing.handle(messageEvent({ connectionId, body: withId })), { statusCode: 200 })
  assert.is(failing.errors.length, 2)
})

test.run()
