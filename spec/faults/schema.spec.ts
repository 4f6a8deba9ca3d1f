import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Schema, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('faults: schemas and encoding')

/** An application with one route, "take", and what its handler and `onError` saw. */
const taking = <Taken>(schema: Schema<unknown, Taken>) => {
  const net = wire()
  const taken: unknown[] = []
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('take', schema, ({ data }) => {
      taken.push(data)
    })
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), taken, errors }
}

/** A schema made by hand, from what it does. */
const schemaThat = (validate: Schema['~standard']['validate']): Schema => ({
  '~standard': { version: 1, vendor: 'spec', validate },
})

const boom = new Error('boom at /srv/secret.ts:1')

for (const [said, validate] of [
  [
    'throws',
    () => {
      throw boom
    },
  ],
  ['rejects', () => Promise.reject(boom)],
] as const)
  test(`18. a schema that ${said} refuses the message, the peer sees nothing of why, and the owner sees all`, async () => {
    const { send, taken, errors } = taking(schemaThat(validate))
    const { statusCode, frames } = await send({ action: 'take', id: '1', data: 1 })
    assert.is(statusCode, 200)
    assert.equal(frames, [
      {
        action: 'take',
        id: '1',
        error: { code: 'INVALID_ARGUMENT', message: "The data of 'take' could not be validated." },
      },
    ])
    assert.equal(taken, [])
    assert.is(errors.length, 1)
    assert.is((errors[0] as Error).cause, boom)
  })

test('18. an asynchronous schema is waited for, whether it accepts or refuses', async () => {
  const { send, taken } = taking(
    v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'no', 'Not that.'),
    ),
  )
  assert.equal((await send({ action: 'take', data: 'yes' })).frames, [])
  assert.equal(taken, ['yes'])
  const { frames } = await send({ action: 'take', id: '2', data: 'no' })
  assert.equal(frames, [
    {
      action: 'take',
      id: '2',
      error: {
        code: 'INVALID_ARGUMENT',
        message: "The data of 'take' is not valid: Not that.",
        details: { issues: [{ path: '', message: 'Not that.' }] },
      },
    },
  ])
  assert.equal(taken, ['yes'])
})

test('18. the handler is given what a transforming schema makes of the data', async () => {
  const { send, taken } = taking(
    v.object({ at: v.pipe(v.string(), v.isoTimestamp(), v.toDate()), n: v.optional(v.number(), 3) }),
  )
  await send({ action: 'take', data: { at: '2024-02-19T07:11:42.000Z' } })
  assert.equal(taken, [{ at: new Date('2024-02-19T07:11:42.000Z'), n: 3 }])
})

test('18. of many issues the peer is told sixteen, each with its path', async () => {
  const { send, taken } = taking(v.object({ all: v.array(v.number()) }))
  const { frames } = await send({ action: 'take', data: { all: Array(500).fill('x') } })
  const [{ error }] = frames as [{ error: { code: string; details: { issues: { path: string }[] } } }]
  assert.is(error.code, 'INVALID_ARGUMENT')
  assert.is(error.details.issues.length, 16)
  assert.is(error.details.issues[15]?.path, 'all.15')
  assert.equal(taken, [])
})

for (const number of ['9007199254740993', '1e999', '-1e999', '1e400', '0.5'])
  test(`19. ${number} is refused where the schema asks for a whole number that JSON carries exactly`, async () => {
    const { send, taken } = taking(v.pipe(v.number(), v.safeInteger()))
    assert.equal(codesOf((await send(`{"action":"take","data":${number}}`)).frames), ['INVALID_ARGUMENT'])
    assert.equal(taken, [])
  })

test('19. 1e999 is infinite, and refused where the schema asks for a finite number', async () => {
  const { send, taken } = taking(v.pipe(v.number(), v.finite()))
  assert.equal(codesOf((await send('{"action":"take","data":1e999}')).frames), ['INVALID_ARGUMENT'])
  await send('{"action":"take","data":1e308}')
  assert.equal(taken, [1e308])
})

/** A machine that keeps the whole event that it was given. */
const keeping = async (schema: Schema<unknown, { readonly text: string }>) => {
  const net = wire()
  const store = memory()
  const taken: unknown[] = []
  const machine = setup({
    types: { context: {} as { last: unknown }, events: {} as { type: 'keep'; text: string } },
  }).createMachine({
    id: 'keeper',
    context: { last: null },
    on: { keep: { actions: assign({ last: ({ event }) => event }) } },
  })
  const app = ws({ gateway: net.gateway })
    .store(store)
    .protocol(machine)
    .onConnect(() => accept())
    .on('keep', schema, ({ data }) => {
      taken.push(data)
    })
    .build()
  const one = peer(app, net)
  await one.connect()
  const kept = async () => (await store.records.read(one.connectionId))?.state?.context
  return { ...one, taken, kept, text: async () => JSON.stringify(await store.records.read(one.connectionId)) }
}

test('20. unknown fields are stripped where the schema strips them, and never reach the store', async () => {
  const { send, taken, kept, text } = await keeping(v.object({ text: v.string() }))
  const message = { action: 'keep', admin: 'yes', data: { text: 'hello', admin: 'yes', type: 'admin' } }
  assert.equal((await send(message)).frames, [])
  assert.equal(taken, [{ text: 'hello' }])
  assert.equal(await kept(), { last: { type: 'keep', text: 'hello' } })
  assert.not.match(await text(), 'admin')
})

test('20. unknown fields are refused where the schema refuses them, and never reach the store', async () => {
  const { send, taken, kept } = await keeping(v.strictObject({ text: v.string() }))
  const message = { action: 'keep', data: { text: 'hello', admin: 'yes' } }
  assert.equal(codesOf((await send(message)).frames), ['INVALID_ARGUMENT'])
  assert.equal(taken, [])
  assert.equal(await kept(), { last: null })
})

test('20. a field named "type" cannot make another event of the message, even where the schema keeps it', async () => {
  const { send, kept } = await keeping(v.looseObject({ text: v.string() }))
  await send({ action: 'keep', data: { text: 'hello', type: 'xstate.stop' } })
  assert.equal(await kept(), { last: { type: 'keep', text: 'hello' } })
})

const encoded = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')
const isBase64Encoded = true

test('21. Base64 is read, and what is no Base64 is refused rather than read in part', async () => {
  const { send, taken } = taking(v.string())
  const body = encoded('{"action":"take","data":"é"}')
  await send(body, { isBase64Encoded })
  assert.equal(taken, ['é'])
  for (const broken of [`${body}garbage`, `${body}*`, body.slice(0, -1), `${body}=`, '*'])
    assert.equal(codesOf((await send(broken, { isBase64Encoded })).frames), ['INVALID_ARGUMENT'], broken)
  assert.equal(taken, ['é'])
})

test('22. bytes that are not UTF-8 are refused, and the handler does not run', async () => {
  const { send, taken } = taking(v.string())
  const [head, tail] = [Buffer.from('{"action":"take","data":"'), Buffer.from('"}')]
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xf5, 0x80, 0x80, 0x80]]) {
    const body = encoded(Buffer.concat([head, Buffer.from(bytes), tail]))
    assert.equal(codesOf((await send(body, { isBase64Encoded })).frames), ['INVALID_ARGUMENT'], String(bytes))
  }
  assert.equal(taken, [])
})

for (const [where, body] of [
  ['in the text', '{"action":"take","data":"\ud800"}'],
  ['escaped', '{"action":"take","data":"\\ud800"}'],
  ['escaped in capitals, low half first,', '{"action":"take","data":"\\uDC00\\uD800"}'],
  ['deep inside', '{"action":"take","data":[{"a":["\\ud83d"]}]}'],
  ['in a key', '{"action":"take","data":{"\\ud800":1}}'],
  ['in the name of the route', '{"action":"\\udfff"}'],
  ['in the id', '{"action":"take","id":"\\udfff"}'],
])
  test(`23. half a character ${where} is refused, and the handler does not run`, async () => {
    const { send, taken } = taking(v.unknown())
    assert.equal(codesOf((await send(body)).frames), ['INVALID_ARGUMENT'])
    assert.equal(taken, [])
  })

test('23. a whole character is carried, escaped or not', async () => {
  const { send, taken } = taking(v.string())
  await send('{"action":"take","data":"😀\\ud83d\\ude00\\uD83D\\uDE00"}')
  assert.equal(taken, ['😀😀😀'])
})

test.run()
