import { type } from 'arktype'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { type Asked, authorizer, type Verdict } from 'ws-interlock/guard'
import { authorizerEvent } from 'ws-interlock/testing'
import { z } from 'zod'

const test = suite('guard: the Lambda authorizer')

const Member = v.object({
  principalId: v.string(),
  tenant: v.string(),
  admin: v.boolean(),
  seats: v.optional(v.number()),
})
const event = authorizerEvent({ query: '?token=let-me-in' })

/** What is written to the log meanwhile. */
const logged = async (run: () => Promise<unknown>) => {
  const lines: unknown[][] = []
  const { error } = console
  console.error = (...line: unknown[]) => void lines.push(line)
  try {
    return { result: await run().catch((reason: Error) => reason), lines }
  } finally {
    console.error = error
  }
}

/** What an authorizer that fails rejects with, and what it has logged as the cause. */
const failure = async (decide: (asked: Asked) => unknown, schema?: v.GenericSchema, asked: unknown = event) => {
  // As from JavaScript, where nobody checks.
  const make = authorizer as unknown as (...given: readonly unknown[]) => (event: unknown) => Promise<unknown>
  const { result, lines } = await logged(() => (schema ? make(schema, decide) : make(decide))(asked))
  assert.instance(result, Error)
  assert.is((result as Error).message, 'The authorizer failed, so that it lets nobody in. Its log says why.')
  assert.is(lines.length, 1)
  assert.is((result as Error).cause, lines[0]?.[1])
  return String(lines[0]?.[1])
}

test('a peer that is allowed gets a policy for the call that was asked about and no other, and its context', async () => {
  const auth = authorizer(Member, ({ allow }) => allow('ann', { tenant: 'acme', admin: true }))
  assert.equal(await auth(event), {
    principalId: 'ann',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Allow', Resource: event.methodArn }],
    },
    context: { tenant: 'acme', admin: true },
  })
})

test('a peer that is denied gets a policy that denies it, whoever it is', async () => {
  const auth = authorizer(Member, async ({ deny }) => deny({ why: 'banned' }))
  assert.equal(await auth(event), {
    principalId: 'nobody',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: 'Deny', Resource: event.methodArn }],
    },
    context: { why: 'banned' },
  })
})

test("a peer that is not authorized is told by a rejection with 'Unauthorized', and nothing is logged", async () => {
  const { result, lines } = await logged(() => authorizer(({ unauthorized }) => unauthorized())(event))
  assert.is((result as Error).message, 'Unauthorized')
  assert.equal(lines, [])
})

test('the handler reads the query, the headers in any case, the offers and the stage variables', async () => {
  const seen: unknown[] = []
  const auth = authorizer(({ query, headers, subprotocols, stageVariables, event: { methodArn }, allow }) => {
    seen.push(query.getAll('room'), headers.get('AUTHORIZATION'), subprotocols, stageVariables, methodArn)
    return allow('ann')
  })
  const asked = authorizerEvent({
    query: '?room=a%20b&room=c',
    headers: { Authorization: 'Bearer 1', 'Sec-WebSocket-Protocol': 'v1, v2' },
    stageVariables: { table: 't' },
  })
  await auth(asked)
  assert.equal(seen, [['a b', 'c'], 'Bearer 1', ['v1', 'v2'], { table: 't' }, asked.methodArn])
})

test('an older event, which says null where a newer one says nothing, is read as well', async () => {
  const auth = authorizer(({ query, stageVariables, allow }) =>
    allow(`${query.size} ${Object.keys(stageVariables).length}`),
  )
  const nothing = { queryStringParameters: null, multiValueQueryStringParameters: null, stageVariables: null }
  assert.is((await auth({ ...event, ...nothing })).principalId, '0 0')
})

test('the schema can be had back from the authorizer, and one without a schema has none', () => {
  assert.is(authorizer(Member, ({ deny }) => deny()).context, Member)
  assert.is(authorizer(({ deny }) => deny()).context, undefined)
})

test('a value that is not there is left out', async () => {
  const facts: { tenant: string; seats?: number | undefined } = { tenant: 'acme', seats: undefined }
  assert.equal((await authorizer(({ allow }) => allow('ann', facts))(event)).context, { tenant: 'acme' })
})

test('whatever the handler throws lets nobody in: it is logged, and is a failure and no 401', async () => {
  for (const error of [new Error('no keys'), new Error('Unauthorized'), 'Unauthorized', undefined])
    assert.is(
      await failure(() => {
        throw error
      }),
      String(error),
    )
  assert.is(await failure(() => Promise.reject(new Error('late'))), 'Error: late')
})

test('a handler that returns nothing, or an answer of its own, lets nobody in', async () => {
  for (const returned of [undefined, true, {}, { statusCode: 200 }])
    assert.match(await failure(() => returned), /^TypeError: An answer made by allow\(\), deny\(\) or unauthorized\(\)/)
})

for (const [name, value] of [
  ['an object', { a: 1 }],
  ['a list', ['a']],
  ['null', null],
  ['a function', () => {}],
  ['a bigint', 1n],
] as const)
  test(`${name} in the context is refused, and the key is named`, async () => {
    const said = await failure(({ allow }) =>
      (allow as (...given: unknown[]) => Verdict)('ann', { ok: 1, tags: value }),
    )
    assert.match(said, "The context of an authorizer is flat: strings, numbers and booleans. ('tags' in allow(")
  })

for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
  test(`the number ${value}, which would arrive as another one, is refused, and the key is named`, async () => {
    assert.match(
      await failure(({ allow }) => allow('ann', { level: value })),
      "Pass it as a string. ('level' in allow(",
    )
  })

test("'principalId' cannot be in the context", async () => {
  const said = await failure(({ allow }) => (allow as (...given: unknown[]) => Verdict)('ann', { principalId: 'bob' }))
  assert.match(said, 'The principalId is the first argument, and no part of the context.')
})

test('an id that is empty or no string is refused', async () => {
  for (const id of ['', undefined, 7])
    assert.match(await failure(({ allow }) => allow(id as string)), 'The id of a principal, a string, is missing')
})

for (const [vendor, make] of [
  ['Valibot', () => authorizer(v.object({ level: v.number() }), wrong)],
  ['Zod', () => authorizer(z.object({ level: z.number() }), wrong)],
  ['ArkType', () => authorizer(type({ level: 'number' }), wrong)],
] as const) {
  test(`a context that does not fit its schema is refused before anybody is let in: ${vendor}`, async () => {
    const { result, lines } = await logged(() => make()(event))
    assert.instance(result, Error)
    assert.match(String(lines[0]?.[1]), 'TypeError: What allow() was given is not valid: ')
  })
}
const wrong = ({ allow }: { readonly allow: (id: string, context: { level: number }) => Verdict }) =>
  allow('ann', { level: 'high' as unknown as number })

test('the schema is of the principal, too', async () => {
  const Ann = v.object({ principalId: v.literal('ann') })
  assert.is((await authorizer(Ann, ({ allow }) => allow('ann'))(event)).principalId, 'ann')
  assert.match(await failure(({ allow }) => allow('bob'), Ann), 'Expected "ann"')
})

test('a result of 8 KB is the largest, and of a larger one the size is named', async () => {
  const padded = (bytes: number) => authorizer(({ allow }) => allow('ann', { notes: `é${'x'.repeat(bytes)}` }))(event)
  const frame = Buffer.byteLength(JSON.stringify(await padded(0)))
  assert.is(Buffer.byteLength(JSON.stringify(await padded(8192 - frame))), 8192)
  const { lines } = await logged(() => padded(8193 - frame))
  assert.match(String(lines[0]?.[1]), 'The result of an authorizer has 8192 bytes at most. (this one has 8193)')
})

test('an event of something else lets nobody in, and the log says what is missing', async () => {
  for (const asked of [null, {}, { type: 'TOKEN', authorizationToken: 'x' }, { version: '2.0', routeArn: 'arn' }])
    assert.match(await failure(({ allow }) => allow('ann'), undefined, asked), 'methodArn is missing in the event')
})

test('what is no schema or no handler is refused when the authorizer is made', () => {
  const make = authorizer as unknown as (...given: readonly unknown[]) => unknown
  assert.throws(() => make(), /A function is missing in authorizer\(\)/)
  assert.throws(() => make({}, () => {}), /A function is missing in authorizer\(schema\): validate/)
  assert.throws(() => make(Member), /A function is missing in authorizer\(\)/)
  assert.throws(() => make(Member, 'handler'), /A function is missing in authorizer\(\)/)
})

test.run()
