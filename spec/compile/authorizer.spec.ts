import { type } from 'arktype'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { type Schema, ws } from 'ws-interlock'
import { z } from 'zod'
import { peer, wire } from '../kit/wire.ts'

const test = suite('what an authorizer said')

/** What a route reads where API Gateway hands this on, or the error that onError is told. */
const read = async (schema: Schema, authorizer: Record<string, unknown>) => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .authorizer(schema)
    .onConnect((context) => void seen.push(context.authorizer))
    .onError((error) => void seen.push(error))
    .build()
  await peer(app, net).connect({ authorizer })
  assert.is(seen.length, 1)
  return seen[0]
}

const refusal = async (schema: Schema, authorizer: Record<string, unknown>) => {
  const error = await read(schema, authorizer)
  assert.instance(error, TypeError)
  return (error as TypeError).message
}

const VENDORS: Readonly<Record<string, Schema>> = {
  Valibot: v.object({ principalId: v.string(), admin: v.boolean(), level: v.number(), code: v.string() }),
  Zod: z.object({ principalId: z.string(), admin: z.boolean(), level: z.number(), code: z.string() }),
  ArkType: type({ principalId: 'string', admin: 'boolean', level: 'number', code: 'string' }),
}
for (const [vendor, schema] of Object.entries(VENDORS)) {
  test(`booleans and numbers that arrive as text are what they were: ${vendor}`, async () => {
    assert.equal(await read(schema, { principalId: '7', admin: 'false', level: '-1.5e3', code: '007' }), {
      principalId: '7',
      admin: false,
      level: -1500,
      code: '007',
    })
  })

  test(`booleans and numbers that arrive as such stay: ${vendor}`, async () => {
    const authorizer = { principalId: 'ann', admin: true, level: 0, code: 'true' }
    assert.equal(await read(schema, authorizer), authorizer)
  })

  test(`text that says something else than the schema wants is refused, with its key: ${vendor}`, async () => {
    const given = { principalId: 'ann', admin: 'yes', level: '1', code: 'c' }
    assert.match(await refusal(schema, given), /^What the authorizer returned is not valid: admin/)
  })

  test(`what was never said is not made up: ${vendor}`, async () => {
    assert.match(await refusal(schema, { principalId: 'ann', admin: 'true', level: '1' }), 'code')
  })

  test(`what a schema makes of text is not read before it: ${vendor}`, async () => {
    const transforms: Readonly<Record<string, Schema>> = {
      Valibot: v.object({ level: v.pipe(v.string(), v.toNumber()), on: v.boolean() }),
      Zod: z.object({ level: z.string().transform(Number), on: z.boolean() }),
      ArkType: type({ level: 'string.numeric.parse', on: 'boolean' }),
    }
    assert.equal(await read(transforms[vendor] as Schema, { level: '3', on: 'true' }), { level: 3, on: true })
  })
}

test('whatever a number was, it is again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })),
      async (level) => {
        fc.pre(!Number.isInteger(level) || Number.isSafeInteger(level))
        assert.is(
          Number(((await read(v.object({ level: v.number() }), { level: String(level) })) as { level: number }).level),
          level + 0,
        )
      },
    ),
    { numRuns: 200 },
  )
})

for (const text of ['007', '0x10', ' 1', '1 ', '', '+1', '.5', '1.', 'Infinity', 'NaN', '1_000', '٣'])
  test(`'${text}' is no number`, async () => {
    assert.match(await refusal(v.object({ level: v.number() }), { level: text }), 'level: ')
  })

test('an id of 20 digits is not read as a number, which could be that of somebody else', async () => {
  await refusal(v.object({ id: v.number() }), { id: '12345678901234567890' })
  await refusal(v.object({ id: v.number() }), { id: String(2 ** 53) })
})

test("only 'true' and 'false' are booleans", async () => {
  for (const text of ['True', 'FALSE', '1', '0', '', 'yes'])
    assert.match(await refusal(v.object({ admin: v.boolean() }), { admin: text }), 'admin: ')
})

const VARIANTS: Readonly<Record<string, Schema>> = {
  Valibot: v.variant('kind', [
    v.object({ kind: v.literal('guest'), seats: v.string() }),
    v.object({ kind: v.literal('user'), seats: v.number() }),
  ]),
  Zod: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('guest'), seats: z.string() }),
    z.object({ kind: z.literal('user'), seats: z.number() }),
  ]),
  ArkType: type({ kind: "'guest'", seats: 'string' }).or({ kind: "'user'", seats: 'number' }),
}
for (const [vendor, schema] of Object.entries(VARIANTS))
  test(`what a member tells apart is read as what it then is: ${vendor}`, async () => {
    assert.equal(await read(schema, { kind: 'user', seats: '3' }), { kind: 'user', seats: 3 })
    assert.equal(await read(schema, { kind: 'guest', seats: '3' }), { kind: 'guest', seats: '3' })
  })

test('a boolean that tells apart is read, and then what it tells of', async () => {
  const schema = v.variant('admin', [
    v.object({ admin: v.literal(true), level: v.number() }),
    v.object({ admin: v.literal(false) }),
  ])
  assert.equal(await read(schema, { admin: 'true', level: '3' }), { admin: true, level: 3 })
  assert.equal(await read(schema, { admin: 'false', level: '3' }), { admin: false })
})

test('a schema that names one fault at a time is asked until it has none', async () => {
  const shape = v.object({ a: v.number(), b: v.boolean(), c: v.number() })
  const one: Schema = {
    '~standard': {
      version: 1,
      vendor: 'one at a time',
      validate: async (value) => {
        const { issues, output } = v.safeParse(shape, value)
        return issues
          ? { issues: [{ message: 'No.', path: [{ key: String(issues[0].path?.[0].key) }] }] }
          : { value: output }
      },
    },
  }
  assert.equal(await read(one, { a: '1', b: 'true', c: '2' }), { a: 1, b: true, c: 2 })
  assert.is(
    await refusal(one, { a: '1', b: 'no', c: '2' }),
    'What the authorizer returned is not valid: a: No. (with a read as what the text says: b: No.)',
  )
})

test('a number that is out of range is refused for that, and not for being text alone', async () => {
  const said = await refusal(v.object({ level: v.pipe(v.number(), v.minValue(5, 'Too low.')) }), { level: '3' })
  assert.match(said, 'Expected number but received "3" (with level read as what the text says: level: Too low.)')
})

test('without an authorizer there is nothing to read', async () => {
  assert.match(
    await refusal(v.object({ level: v.number() }), undefined as never),
    'Expected Object but received undefined',
  )
})

test('each event is read by itself: what one needed does not change what another gets', async () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .authorizer(v.object({ level: v.union([v.number(), v.literal('3')]) }))
    .onConnect(({ authorizer }) => void seen.push(authorizer.level))
    .build()
  const { connect } = peer(app, net)
  await Promise.all(['1', '2'].map((level) => connect({ authorizer: { level } })))
  for (const level of [3, '3', '4', 5]) await connect({ authorizer: { level } })
  assert.equal(seen, [1, 2, 3, '3', 4, 5])
})

test('what was handed on is not changed', async () => {
  const given = Object.freeze({ level: '1' })
  assert.equal(await read(v.object({ level: v.number() }), given), { level: 1 })
  assert.equal(given, { level: '1' })
})

test.run()
