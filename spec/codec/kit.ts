import fc from 'fast-check'
import * as v from 'valibot'
import { accept, type Codec, type Gateway, PermissionDeniedError, route, type Store, ws } from 'ws-interlock'
import type { ClientCodec, Incoming, Outgoing } from 'ws-interlock/client/codec'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { memory } from 'ws-interlock/store/memory'
import { testGateway } from 'ws-interlock/testing'

/** A codec, and its counterpart. */
export type Pair = readonly [server: Codec, client: ClientCodec]

/** What frames of the specs look like. */
export const DICTIONARY =
  '{"jsonrpc":"2.0","action":"echo","event":"said","id":"data":{"room":"lobby","text":"hello there"}}'
const SMALL = { threshold: 24 }

/** What can be put together, by its name. Each is made afresh, for codecs remember. */
export const PAIRS: Readonly<Record<string, () => Pair>> = {
  'json()': () => [ours.json(), theirs.json()],
  'flat()': () => [ours.flat(), theirs.flat()],
  'jsonRpc()': () => [ours.jsonRpc(), theirs.jsonRpc()],
  'binary()': () => [ours.binary(), theirs.binary()],
  'binary(flat())': () => [ours.binary(ours.flat()), theirs.binary(theirs.flat())],
  'deflate(flat())': () => [ours.deflate(ours.flat(), SMALL), theirs.deflate(theirs.flat(), SMALL)],
  'deflate(jsonRpc())': () => [ours.deflate(ours.jsonRpc(), SMALL), theirs.deflate(theirs.jsonRpc(), SMALL)],
  'binary(deflate())': () => [ours.binary(ours.deflate()), theirs.binary(theirs.deflate())],
  'deflate() with a dictionary': () => {
    const options = { ...SMALL, dictionary: DICTIONARY }
    return [ours.deflate(ours.json(), options), theirs.deflate(theirs.json(), options)]
  },
  'chunk()': () => [ours.chunk(), theirs.chunk()],
  'chunk(jsonRpc())': () => [ours.chunk(ours.jsonRpc()), theirs.chunk(theirs.jsonRpc())],
  'chunk(deflate(binary(flat())))': () => [
    ours.chunk(ours.deflate(ours.binary(ours.flat()), SMALL)),
    theirs.chunk(theirs.deflate(theirs.binary(theirs.flat()), SMALL)),
  ],
}

/**
 * An application that says what it is told, as a reply, as a push and as a step. `ran` is what its handlers were given, `errors` what its
 * owner was told.
 */
export const echoing = (codec: Codec, store: Store = memory(), gateway?: Gateway) => {
  const ran: unknown[] = []
  const errors: unknown[] = []
  const app = ws({ codec, limits: { maxKeys: 1_000_000 }, ...(gateway && { gateway }) })
    .store(store)
    .pushes({ said: v.unknown() })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data }) => {
      ran.push(data)
      return data
    })
    .on('say', v.unknown(), ({ data, push }) => push('said', data))
    .on('step', route({ input: v.unknown(), progress: v.unknown() }), ({ data, progress }) => progress(data))
    .on('strict', v.object({ room: v.string() }), () => {})
    .on('refuse', () => {
      throw new PermissionDeniedError('Not you.', { details: { why: 'é' }, retryAfterMs: 5 })
    })
    .on('break', () => {
      throw new Error('secret')
    })
    .onError((error) => void errors.push(error))
    .build()
  return { app, ran, errors }
}

/** A client of that application, which speaks by a codec. */
export const talk = async ([server, client]: Pair) => {
  const { app, ran, errors } = echoing(server)
  const gateway = testGateway(app)
  const line = await gateway.connect({ subprotocols: [client.subprotocol] })
  /** The next frame that is whole. */
  const next = async (): Promise<Incoming> => {
    for (;;) {
      const frame = await client.read(JSON.stringify(await line.next()))
      if (frame) return frame
    }
  }
  let lastId = 0
  return {
    ran,
    errors,
    line,
    gateway,
    next,
    /** Send texts as they are, and take what came of them, as it is on the wire. */
    say: async (...texts: readonly unknown[]): Promise<readonly unknown[]> => {
      const before = line.received.length
      for (const text of texts) line.send(text)
      await gateway.settled()
      return line.received.slice(before)
    },
    /** Ask, and take the frames up to the answer. */
    ask: async (action: string, data?: unknown, order: (texts: string[]) => string[] = (texts) => texts) => {
      const message: Outgoing = { action, id: String(++lastId), data }
      for (const text of order([await client.write(message)].flat())) line.send(text)
      const frames: Incoming[] = []
      for (;;) {
        const frame = await next()
        frames.push(frame)
        if (frame.id === message.id && !('progress' in frame)) return frames
      }
    },
  }
}

/** Anything that JSON can say, as it is once it was said. */
export const anyJson = fc
  .jsonValue({ stringUnit: 'grapheme' })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
  .map((value): unknown => JSON.parse(JSON.stringify(value)))

/** A text of so many characters that no dictionary makes smaller, the same each time. */
export const noise = (length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789"\\é€😀'): string => {
  const characters = [...alphabet]
  let state = length
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return characters[(state >>> 8) % characters.length]
  }).join('')
}

/** `chunk()` and its counterpart, over JSON. */
export const chunked = (options: ours.ChunkOptions = {}): Pair => [
  ours.chunk(ours.json(), options),
  theirs.chunk(theirs.json(), options),
]

/** What needs three pieces at least. */
export const LONG = noise(90_000)

/** The pieces of a message to 'echo', as a client of its own writes them; none where it fits into one frame. */
export const piecesOf = (message: object): readonly string[] => {
  const written = theirs.chunk().write({ action: 'echo', data: LONG, ...message })
  return Array.isArray(written) ? written : []
}
