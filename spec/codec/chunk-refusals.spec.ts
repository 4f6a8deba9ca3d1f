import { suite } from 'uvu'
import { equal, is, match, ok, throws } from 'uvu/assert'
import { accept, type Store, ws } from 'ws-interlock'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { memory } from 'ws-interlock/store/memory'
import { HandshakeError, messageEvent, testGateway } from 'ws-interlock/testing'
import { peer, wire } from '../kit/wire.ts'
import { chunked, echoing, piecesOf, talk } from './kit.ts'

const test = suite('what chunk() refuses')
type Blobs = NonNullable<Store['blobs']>

const told = (frames: readonly unknown[]) => frames as { id?: string; error?: { code: string; message: string } }[]

const NAME = '0.0123456789abcdef'
const piece = (members: object) => JSON.stringify({ chunk: NAME, at: 0, of: 2, id: '7', data: 'x', ...members })

/** What is wrong with a piece, and what is said of it. */
const BAD: readonly (readonly [what: string, piece: string, words: string])[] = [
  ['10,000 pieces', piece({ of: 10_000 }), '"of" of a piece is a whole number from 2 to 69.'],
  ['a single piece', piece({ of: 1 }), '"of"'],
  ['a negative total', piece({ of: -2 }), '"of"'],
  ['a fraction of a total', piece({ of: 2.5 }), '"of"'],
  ['a total that is a text', piece({ of: '2' }), '"of"'],
  ['no total', piece({ of: undefined }), '"of"'],
  ['a place behind the last', piece({ at: 2 }), '"at" of a piece is a whole number from 0 to 1, below "of".'],
  ['a negative place', piece({ at: -1 }), '"at"'],
  ['half a place', piece({ at: 0.5 }), '"at"'],
  ['no place', piece({ at: undefined }), '"at"'],
  ['a slot of 8', piece({ chunk: '8.0123456789abcdef' }), '"chunk"'],
  ['a slot of -1', piece({ chunk: '-1.0123456789abcdef' }), '"chunk"'],
  ['a name that is too short', piece({ chunk: '0.0123' }), '"chunk"'],
  ['a name that is too long', piece({ chunk: `0.${'a'.repeat(65)}` }), '"chunk"'],
  ['a name of other characters', piece({ chunk: '0.012345/789' }), '"chunk"'],
  ['a name that is a number', piece({ chunk: 5 }), '"chunk"'],
  ['no data', piece({ data: undefined }), '"data"'],
  ['empty data', piece({ data: '' }), '"data"'],
  ['data that is a number', piece({ data: 5 }), '"data"'],
]

for (const [what, text, words] of BAD) {
  test(`the server refuses ${what} in a sentence, under the id of the message`, async () => {
    const { say, errors, gateway } = await talk(chunked())
    const [answer] = told(await say(text))
    is(answer?.id, '7')
    is(answer?.error?.code, 'INVALID_ARGUMENT')
    match(answer?.error?.message ?? '', words)
    equal(errors, [])
    await gateway.close()
  })
  test(`the client refuses ${what} in a sentence`, () => {
    throws(
      () => theirs.chunk().read(text),
      (error: unknown) =>
        String(error).startsWith('Error: A frame came that cannot be read. ') && String(error).includes(words),
    )
  })
}

for (const [what, text] of [
  ['half a character', piece({ data: '\\ud83d' }).replace('\\\\', '\\')],
  ['more than a frame', piece({ data: '€'.repeat(11_000) })],
] as const)
  test(`the server refuses a piece of ${what}`, async () => {
    const { app } = echoing(ours.chunk())
    // Past the gateway, which does not let such a frame through.
    const posted = await app(messageEvent({ body: text }) as never, undefined as never)
    is(posted.statusCode, 200)
    const codec = ours.chunk()
    throws(
      () => codec.open?.(text, { connectionId: 'a', now: 0, blobs: undefined }),
      (error: unknown) => String(error).startsWith('WsError:INVALID_ARGUMENT: "data" of a piece'),
    )
  })

for (const id of ['', 'i'.repeat(129), 5, {}, null])
  test(`an id that is none (${JSON.stringify(id).slice(0, 20)}) is refused, and is not said back`, async () => {
    const { say, gateway } = await talk(chunked())
    const [answer] = told(await say(piece({ id })))
    is(answer?.error?.code, 'INVALID_ARGUMENT')
    is(answer?.id, undefined)
    await gateway.close()
  })

for (const [before, after] of [
  [3, 2],
  [2, 3],
  [2, 69],
])
  test(`a total of ${after} where it was ${before} is refused`, async () => {
    const { say, ran, gateway } = await talk(chunked())
    equal(await say(piece({ of: before })), [])
    const [answer] = told(await say(piece({ at: 1, of: after })))
    is(answer?.id, '7')
    match(answer?.error?.message ?? '', 'Another piece of the same name has another "of".')
    equal(ran, [])
    await gateway.close()
  })

test('more bytes than are allowed are refused once, and are never read', async () => {
  const options = { maxBytes: 60_000 }
  const { say, ran, gateway } = await talk([ours.chunk(ours.json(), options), theirs.chunk()])
  const texts = piecesOf({ id: '7', data: 'x'.repeat(60_001) })
  const frames = told(await say(...texts))
  is(frames.length, 1)
  is(frames[0]?.id, '7')
  is(frames[0]?.error?.code, 'RESOURCE_EXHAUSTED')
  match(frames[0]?.error?.message ?? '', '60000 are allowed')
  equal(ran, [])
  throws(
    () => theirs.chunk(theirs.json(), options).write({ action: 'echo', id: '1', data: 'x'.repeat(60_001) }),
    /'echo' takes 60037 bytes, and chunk\(\) carries 60000\. Send less\./,
  )
  await gateway.close()
})

/** A peer of an application whose store is watched, or fails. */
const keeping = (changes: (blobs: Blobs) => Partial<Blobs>) => {
  const store = memory()
  const { blobs } = store
  if (!blobs) throw new Error('It keeps no texts.')
  const net = wire()
  const { app, ran, errors } = echoing(ours.chunk(), { ...store, blobs: { ...blobs, ...changes(blobs) } }, net.gateway)
  return { ...peer(app, net), ran, errors }
}

test('whatever a peer sends, there is never more of it in the store than eight frames take', async () => {
  const kept = new Set<string>()
  const { send } = keeping(({ put }) => ({
    put: (key, ...given) => {
      kept.add(key)
      return put(key, ...given)
    },
  }))
  const of = 69
  for (let some = 0; some < 2_000; some++)
    await send(piece({ chunk: `${some % 8}.${some}-abcdefgh`, at: (some * 7) % of, of }))
  is(kept.size, 8 * of)
})

test('a refusal of a piece is written as the codec inside writes it', async () => {
  for (const [id, its] of [
    ['7', 7],
    ['a"b', 'a"b'],
  ] as const) {
    const { say, gateway } = await talk([ours.chunk(ours.jsonRpc()), theirs.chunk(theirs.jsonRpc())])
    const [answer] = (await say(piece({ id, of: 10_000 }))) as [{ id: unknown; error: { code: number } }]
    is(answer.id, its)
    is(answer.error.code, -32_600)
    await gateway.close()
  }
})

for (const name of ['put', 'get', 'claim'] as const)
  test(`a store whose ${name} fails is told to the peer under its id, and to the owner, and nothing runs`, async () => {
    const down = new Error('The store is down.')
    const { send, ran, errors } = keeping(() => ({
      [name]: async () => {
        throw down
      },
    }))
    const frames = [await send(piece({})), await send(piece({ at: 1 }))].flatMap(({ frames }) => frames)
    const answer = told(frames).at(-1)
    is(answer?.id, '7')
    is(answer?.error?.code, 'UNAVAILABLE')
    is((errors[0] as Error).cause, down)
    equal(ran, [])
  })

test('a client that does not speak it is turned away with 400', async () => {
  const gateway = testGateway(echoing(ours.chunk()).app)
  for (const subprotocols of [[], ['ws-interlock'], ['ws-interlock.flat.chunk']])
    await gateway.connect({ subprotocols }).then(
      () => ok(false, 'It was let in.'),
      (error: unknown) => ok(error instanceof HandshakeError && error.status === 400),
    )
  is((await gateway.connect({ subprotocols: ['ws-interlock.chunk'] })).subprotocol, 'ws-interlock.chunk')
  await gateway.close()
})

test('without a store it is refused at build', () => {
  const app = ws({ codec: ours.chunk() }).onConnect(() => accept())
  throws(() => app.build(), TypeError)
})

for (const [given, sentence] of [
  [
    [ours.chunk(), theirs.chunk()],
    /^TypeError: One codec cuts frames, and it goes outside of all others\. \(chunk\(\)\)$/,
  ],
  [[5, 5], /^TypeError: A function is missing in chunk\(codec\)/],
  [[ours.json(), theirs.json(), { bytes: 5 }], /^TypeError: chunk\(\) has no such option\. \('bytes' in chunk\(\)/],
  [
    [ours.json(), theirs.json(), { maxBytes: 0 }],
    /^TypeError: A positive whole number is missing in chunk\(\{ maxBytes \}\)\.$/,
  ],
  [
    [ours.json(), theirs.json(), { ttlMs: Number.NaN }],
    /^TypeError: A positive whole number is missing in chunk\(\{ ttlMs \}\)\.$/,
  ],
  [[ours.json(), theirs.json(), { random: 5 }], /^TypeError: A function is missing in chunk\(\{ random \}\)\.$/],
] as const)
  test(`${String(sentence).slice(13, 60)}: what is no codec, and options that are none`, () => {
    const [server, client, options] = given
    const thrown = (error: unknown) => sentence.test(String(error))
    throws(() => ours.chunk(server as never, options as never), thrown)
    throws(() => theirs.chunk(client as never, options as never), thrown)
  })

test.run()
