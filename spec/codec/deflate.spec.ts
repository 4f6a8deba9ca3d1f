import { deflateRawSync } from 'node:zlib'
import { suite } from 'uvu'
import { equal, is, match, ok, throws } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { HandshakeError, testGateway } from 'ws-interlock/testing'
import { DICTIONARY, echoing, noise, type Pair, talk } from './kit.ts'

const test = suite('deflate()')

const pair = (): Pair => [ours.deflate(), theirs.deflate()]
const REPLY = { action: 'echo', id: '1', data: undefined }

/** A frame as `deflate()` makes it, with a lie in it where one is given. */
const frameOf = (text: string | Uint8Array, lies: object = {}) => {
  const bytes = Buffer.from(text)
  return JSON.stringify({ z: deflateRawSync(bytes).toString('base64'), n: bytes.length, ...lies })
}
const GOOD = JSON.stringify({ action: 'echo', id: '1', data: 'x'.repeat(2_000) })
const Z: string = JSON.parse(frameOf(GOOD)).z
const truncated = Buffer.from(Z, 'base64').subarray(0, -3).toString('base64')
const trailed = Buffer.concat([Buffer.from(Z, 'base64'), Buffer.from('more')]).toString('base64')

test('a frame above the threshold travels as deflate-raw in Base64, and one below as it is', () => {
  const { reply } = ours.deflate(ours.json(), { threshold: 200 })
  const data = 'hello '.repeat(40)
  const { z, n, ...rest } = JSON.parse(reply(REPLY, data) ?? '')
  const text = JSON.stringify({ action: 'echo', id: '1', data })
  is(z, deflateRawSync(text).toString('base64'))
  is(n, text.length)
  equal(rest, {})
  is(reply(REPLY, 'hello'), '{"action":"echo","id":"1","data":"hello"}')
})

test('what would not be smaller travels as it is, from either end', async () => {
  const data = noise(3_000, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_éèêëàâäöôùûüßñçíìîïóòúÿ€')
  const text = JSON.stringify({ action: 'echo', id: '1', data })
  is(ours.deflate().reply(REPLY, data), text)
  is(await theirs.deflate().write({ action: 'echo', id: '1', data }), text)
})

test('the threshold counts bytes, from itself on', () => {
  const { push } = ours.deflate(ours.json(), { threshold: 200 })
  const of = (bytes: number) => push('ee', 'é'.repeat((bytes - push('ee', '').length) / 2))
  match(of(200), '"z"')
  match(of(198), '"event"')
})

for (const level of [1, 9]) {
  test(`level ${level} is read by the client`, async () => {
    const frame = ours.deflate(ours.json(), { level }).push('said', 'hello '.repeat(1_000))
    equal(await theirs.deflate().read(frame), { event: 'said', data: 'hello '.repeat(1_000) })
  })
}

test('with a dictionary short pushes shrink, and the client reads them by what every platform has', async () => {
  const options = { threshold: 32, dictionary: DICTIONARY }
  const frame = ours.deflate(ours.json(), options).push('said', { room: 'lobby', text: 'hello there' })
  match(frame, /^\{"z":"[^"]{4,40}","n":61,"d":1\}$/)
  equal(await theirs.deflate(theirs.json(), options).read(frame), {
    event: 'said',
    data: { room: 'lobby', text: 'hello there' },
  })
})

test('a dictionary of 32 KB, of bytes, is used to its first byte by a text that is larger than it', async () => {
  const dictionary = new TextEncoder().encode(noise(32_768, 'abcdefghijklmnopqrstuvwxyz'))
  const data = new TextDecoder().decode(dictionary).repeat(3)
  const options = { dictionary }
  const frame = ours.deflate(ours.json(), options).push('said', data)
  equal(await theirs.deflate(theirs.json(), options).read(frame), { event: 'said', data })
})

test('both ends call a dictionary by the same name, and another one by another', () => {
  const [one, other] = [{ dictionary: 'one' }, { dictionary: Uint8Array.of(1) }]
  is(ours.deflate(ours.flat(), one).subprotocol, theirs.deflate(theirs.flat(), one).subprotocol)
  is(ours.deflate(ours.flat(), other).subprotocol, theirs.deflate(theirs.flat(), other).subprotocol)
  match(ours.deflate(ours.flat(), one).subprotocol ?? '', /^ws-interlock\.flat\.deflate~[0-9a-f]{8}$/)
  is.not(ours.deflate(ours.json(), one).subprotocol, ours.deflate(ours.json(), other).subprotocol)
})

test('a client that does not speak it is turned away, and one with another dictionary is too', async () => {
  const { app } = echoing(ours.deflate(ours.json(), { dictionary: 'one' }))
  const gateway = testGateway(app)
  const { subprotocol } = theirs.deflate(theirs.json(), { dictionary: 'one' })
  is((await gateway.connect({ subprotocols: ['bearer.x', subprotocol] })).subprotocol, subprotocol)
  const others = [
    [],
    ['ws-interlock'],
    [theirs.deflate().subprotocol],
    [theirs.deflate(theirs.json(), { dictionary: 'two' }).subprotocol],
  ]
  for (const subprotocols of others)
    await gateway.connect({ subprotocols }).then(
      () => ok(false, 'It was let in.'),
      (error: unknown) => ok(error instanceof HandshakeError && error.status === 400),
    )
  await gateway.close()
})

/** What is wrong with a frame, and what is said of it. */
const BAD: readonly (readonly [what: string, frame: string, words: string])[] = [
  ['Base64 with a line break', frameOf(GOOD, { z: `${Z}\n` }), 'is no Base64'],
  ['Base64 of another alphabet', frameOf(GOOD, { z: `_${Z.slice(1)}` }), 'is no Base64'],
  ['no Base64', frameOf(GOOD, { z: 'é!' }), 'is no Base64'],
  ['nothing', frameOf(GOOD, { z: '' }), 'deflate-raw'],
  ['no deflate', frameOf(GOOD, { z: Buffer.from('hello there').toString('base64') }), 'deflate-raw'],
  ['a truncated stream', frameOf(GOOD, { z: truncated }), 'deflate-raw'],
  ['a number for "z"', frameOf(GOOD, { z: 5 }), '"z"'],
  ['an "n" that is too small', frameOf(GOOD, { n: GOOD.length - 1 }), '"n"'],
  ['an "n" that is too large', frameOf(GOOD, { n: GOOD.length + 1 }), '"n"'],
  ['no "n"', frameOf(GOOD, { n: undefined }), '"n"'],
  ['a negative "n"', frameOf(GOOD, { n: -1 }), '"n"'],
  ['a fraction for "n"', frameOf(GOOD, { n: 1.5 }), '"n"'],
  ['a text for "n"', frameOf(GOOD, { n: '5' }), '"n"'],
  ['an "n" of more than is allowed', frameOf(GOOD, { n: 1_048_577 }), '1048577'],
  ['a dictionary that is not there', frameOf(GOOD, { d: 1 }), 'dictionary'],
  ['a "d" of another kind', frameOf(GOOD, { d: true }), '"d"'],
  ['bytes that are no UTF-8', frameOf(Uint8Array.of(0x22, 0xff, 0x22)), 'UTF-8'],
  ['half a character in UTF-8', frameOf(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)), 'UTF-8'],
]

for (const [what, frame, words] of BAD) {
  test(`the server refuses ${what} in a sentence, and goes on`, async () => {
    const { say, ran, errors, gateway } = await talk(pair())
    const [answer] = (await say(frame)) as [{ error: { code: string; message: string } }]
    is(answer.error.code, 'INVALID_ARGUMENT')
    match(answer.error.message, words)
    equal(ran, [])
    equal(errors, [])
    equal((await say('{"action":"echo","id":"2","data":1}')).length, 1)
    await gateway.close()
  })

  test(`the client refuses ${what} in a sentence`, async () => {
    const said = await read(frame)
    match(said, /^Error: A frame came that cannot be read\. /)
    match(said, words)
  })
}

/** What a client says of a frame. */
const read = async (frame: string, options: theirs.DeflateOptions = {}): Promise<string> => {
  try {
    return JSON.stringify(await theirs.deflate(theirs.json(), options).read(frame))
  } catch (error) {
    return String(error)
  }
}

test('what lies behind the end of a stream is refused by the server', async () => {
  const { say, gateway } = await talk(pair())
  const [answer] = (await say(frameOf(GOOD, { z: trailed }))) as [{ error: { message: string } }]
  match(answer.error.message, 'and of nothing else')
  await gateway.close()
})

test('a bomb is refused at either end, and the server makes no more of it than it said', async () => {
  const { say, gateway } = await talk(pair())
  // 16 MB in 16 KB.
  const bomb = deflateRawSync(Buffer.alloc(1 << 24, 0x20)).toString('base64')
  const zlib: { inflateRawSync: (...given: readonly unknown[]) => unknown } = process.getBuiltinModule(
    'node:zlib',
  ) as never
  const { inflateRawSync } = zlib
  let made = 0
  zlib.inflateRawSync = (...given) => {
    const all = inflateRawSync(...given)
    made += (all as { readonly buffer: Buffer }).buffer.length
    return all
  }
  try {
    for (const n of [1 << 24, 1_048_576, 1_000]) {
      const frame = JSON.stringify({ z: bomb, n })
      const [answer] = (await say(frame)) as [{ error: { code: string } }]
      is(answer.error.code, 'INVALID_ARGUMENT')
      match(await read(frame), /"n" is not the bytes|1048576 are allowed/)
    }
    is(made, 0)
    equal((await say(frameOf('{"action":"echo","id":"1"}'))).length, 1)
    is(made, 26)
  } finally {
    zlib.inflateRawSync = inflateRawSync
    await gateway.close()
  }
})

test('a client stops inflating where a frame is larger than it said', async () => {
  const bomb = deflateRawSync(Buffer.alloc(1 << 24, 0x20)).toString('base64')
  const { DecompressionStream: Real } = globalThis
  let made = 0
  class Counting {
    readonly writable
    readonly readable
    constructor() {
      const { writable, readable } = new Real('deflate-raw')
      this.writable = writable
      this.readable = readable.pipeThrough(
        new TransformStream({
          transform: (bytes: Uint8Array, to) => {
            made += bytes.length
            to.enqueue(bytes)
          },
        }),
      )
    }
  }
  globalThis.DecompressionStream = Counting as never
  try {
    match(await read(JSON.stringify({ z: bomb, n: 1_000 })), '"n" is not the bytes')
    ok(made > 0)
    ok(made < 1 << 20)
  } finally {
    globalThis.DecompressionStream = Real
  }
})

test('the bound can be lowered and raised', async () => {
  const options = { maxBytes: GOOD.length }
  const { say, gateway } = await talk([ours.deflate(ours.json(), options), theirs.deflate(theirs.json(), options)])
  const [answer] = (await say(frameOf(GOOD))) as [{ n: number }]
  is(answer.n, GOOD.length)
  const longer = GOOD.replace('xx', 'xxx')
  const [refused] = (await say(frameOf(longer))) as [{ error: { message: string } }]
  is(refused.error.message, `The text inside takes ${longer.length} bytes; ${GOOD.length} are allowed.`)
  match(await read(frameOf(longer), options), `${GOOD.length} are allowed.`)
  // What the other end would refuse is not made smaller.
  is(ours.deflate(ours.json(), options).push('said', 'x'.repeat(3_000)).length, 3_026)
  await gateway.close()
})

test('a message that only looks like such a frame is read as it stands', async () => {
  const { say, gateway } = await talk(pair())
  equal(await say('{"z":"AAAA","n":3,"action":"echo","id":"1","data":1}'), [{ action: 'echo', id: '1', data: 1 }])
  await gateway.close()
})

test('a message written by hand, with spaces, is read too', async () => {
  const { say, gateway } = await talk(pair())
  const text = '{"action":"echo","id":"1","data":1}'
  equal(await say(JSON.stringify(JSON.parse(frameOf(text)), null, 2)), [{ action: 'echo', id: '1', data: 1 }])
  await gateway.close()
})

for (const [given, sentence] of [
  [[ours.chunk()], /^TypeError: What cuts frames goes outside of what makes them smaller\. \(chunk\(deflate\(\)\)\)$/],
  [[5], /^TypeError: A function is missing in deflate\(codec\)/],
  [[ours.json(), { treshold: 5 }], /^TypeError: deflate\(\) has no such option\. \('treshold' in/],
  [[ours.json(), { threshold: -1 }], /^TypeError: A positive whole number is missing in deflate\(\{ threshold \}\)\.$/],
  [[ours.json(), { maxBytes: 1.5 }], /^TypeError: A positive whole number is missing in deflate\(\{ maxBytes \}\)\.$/],
  [[ours.json(), { level: 10 }], /^TypeError: A whole number from 1 to 9 is missing/],
  [[ours.json(), { dictionary: '' }], /^TypeError: A text or a Uint8Array of 1 to 32768 bytes is missing/],
  [
    [ours.json(), { dictionary: 'x'.repeat(32_769) }],
    /^TypeError: A text or a Uint8Array of 1 to 32768 bytes is missing/,
  ],
] as const)
  test(`deflate(${JSON.stringify(given).slice(1, 60)}) is a TypeError that says what is right`, () => {
    const thrown = (error: unknown) => sentence.test(String(error))
    throws(() => (ours.deflate as (...given: readonly unknown[]) => unknown)(...given), thrown)
    const [inner, options] = given
    const theirInner = inner === 5 ? 5 : inner && 'carry' in Object(inner) ? theirs.chunk() : theirs.json()
    if (!('level' in Object(options)))
      throws(() => (theirs.deflate as (...given: readonly unknown[]) => unknown)(theirInner, options), thrown)
  })

test.run()
