import fc from 'fast-check'
import { suite } from 'uvu'
import { equal, instance, is, not, throws } from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { testGateway } from 'ws-interlock/testing'
import { anyJson, PAIRS, type Pair, talk } from './kit.ts'

const test = suite('binary()')

const pair = (): Pair => [ours.binary(), theirs.binary()]

/** JSON in which some values are bytes, but for what would be read as bytes that it is not. */
const anyBinary = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.uint8Array({ maxLength: 9 }),
      anyJson,
      fc.array(tie('value')),
      fc.dictionary(fc.string(), tie('value'), { noNullPrototype: true }),
    ),
  }))
  .value.filter((value) => !JSON.stringify(value).includes('__proto__'))

for (const [name, make] of Object.entries(PAIRS))
  if (name.includes('binary'))
    test(`${name}: bytes anywhere in the data are bytes again, both ways`, async () => {
      const { ask, ran, gateway } = await talk(make())
      await fc.assert(
        fc.asyncProperty(anyBinary, async (data) => {
          const [reply] = await ask('echo', data)
          equal(ran.at(-1), data)
          equal(reply?.data, data)
          equal((await ask('say', data))[0]?.data, data)
          equal((await ask('step', data))[0]?.progress, data)
        }),
        { numRuns: 50 },
      )
      await gateway.close()
    })

test('on the wire they are Base64 under $bytes', async () => {
  const { say, ran, gateway } = await talk(pair())
  const data = { name: 'a', file: { $bytes: 'AQL/' } }
  equal(await say({ action: 'echo', id: '1', data }), [{ action: 'echo', id: '1', data }])
  equal(ran, [{ name: 'a', file: Uint8Array.of(1, 2, 255) }])
  instance((ran[0] as { file: unknown }).file, Uint8Array)
  not.instance((ran[0] as { file: unknown }).file, Buffer)
  await gateway.close()
})

test('a schema can ask for bytes', async () => {
  const app = ws({ codec: ours.binary() })
    .onConnect(() => accept())
    .on('upload', v.object({ file: v.instance(Uint8Array) }), ({ data }) => data.file.length)
    .build()
  const gateway = testGateway(app)
  const { send, next } = await gateway.connect()
  send({ action: 'upload', id: '1', data: { file: { $bytes: 'AQL/' } } })
  equal(await next(), { action: 'upload', id: '1', data: 3 })
  send({ action: 'upload', id: '2', data: { file: 'AQL/' } })
  is(Object((await next()) as object).error.code, 'INVALID_ARGUMENT')
  await gateway.close()
})

for (const bytes of ['AQL', 'AQL=', 'AQ L/', 'A', 'AQL_', '====', 'é', 5, null, {}, ['AQL/']])
  test(`${JSON.stringify(bytes)} under $bytes is refused in a sentence, at either end`, async () => {
    const { say, ran, gateway } = await talk(pair())
    const data = { deep: [{ $bytes: bytes }] }
    const [frame] = (await say({ action: 'echo', id: '1', data })) as [{ error: { code: string; message: string } }]
    is(frame.error.code, 'INVALID_ARGUMENT')
    is(frame.error.message.startsWith('"$bytes" alone in an object is the Base64 of bytes'), true)
    equal(ran, [])
    throws(() => theirs.binary().read(JSON.stringify({ event: 'said', data })), /\$bytes/)
    await gateway.close()
  })

test('an object with $bytes and more is left alone', async () => {
  const { say, gateway } = await talk(pair())
  const data = { $bytes: 'no Base64', more: 1 }
  equal(await say({ action: 'echo', id: '1', data }), [{ action: 'echo', id: '1', data }])
  await gateway.close()
})

test('ArrayBuffers, Buffers and windows into a buffer go as what they show; what writes itself does so', () => {
  const { reply } = ours.binary()
  const { write } = theirs.binary()
  const { buffer } = Uint8Array.of(1, 2, 3)
  const data = [buffer, Buffer.from([1]), new Uint8Array(buffer, 1, 1), new Date(0)]
  const text = '[{"$bytes":"AQID"},{"$bytes":"AQ=="},{"$bytes":"Ag=="},"1970-01-01T00:00:00.000Z"]'
  is(reply({ action: 'a', id: '1', data: undefined }, data), `{"action":"a","id":"1","data":${text}}`)
  is(write({ action: 'a', id: '1', data }), `{"action":"a","id":"1","data":${text}}`)
  is(data[0], buffer)
})

test('a circle is what JSON says of circles, and costs no stack', () => {
  const circle: { self?: unknown; other?: unknown; file?: unknown } = { file: Uint8Array.of(1) }
  Object.assign(circle, { self: circle, other: [circle] })
  throws(() => ours.binary().push('said', circle), /circular/i)
})

test('what is no codec inside is a TypeError', () => {
  throws(() => ours.binary({} as never), 'A function is missing in binary(codec): read, reply, error, push.')
  throws(() => theirs.binary({} as never), 'A function is missing in binary(codec): write, read.')
})

test.run()
