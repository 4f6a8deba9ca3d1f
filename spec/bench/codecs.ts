import { deflate as clientDeflate } from 'ws-interlock/client/codec'
import { binary, type Codec, deflate, flat, json, jsonRpc } from 'ws-interlock/codec'
import { compare } from './measure.ts'

export interface CodecFigure {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly limit?: number
}

/** What is left of a frame after deflate and Base64, at most. */
const LIMITS = [
  [1_300, 0.6],
  [10_000, 0.42],
  [100_000, 0.38],
] as const

const CODECS: readonly (() => Codec)[] = [json, flat, jsonRpc, binary, deflate]

/** How much smaller `deflate()` makes frames, and what that costs; and what the other codecs cost beside `json()`. */
export const codecFigures = async (): Promise<readonly CodecFigure[]> => {
  const figures: CodecFigure[] = []
  for (const [bytes, limit] of LIMITS) figures.push(...(await deflating(bytes, limit)))
  const room = { room: 'lobby', text: 'Good morning', at: 1_700_000_000_000, tags: ['a', 'b'] }
  const frame = { action: 'send', id: '7', data: undefined }
  const small = await compare(
    CODECS.map((make) => {
      const codec = make()
      const text = JSON.stringify({ jsonrpc: '2.0', action: 'send', method: 'send', id: '7', data: room, params: room })
      return { name: make.name, run: () => [codec.read(JSON.parse(text)), codec.reply(frame, room)] }
    }),
  )
  for (const { name, nanoseconds } of small)
    figures.push({ what: `${name}(): read and answer a message of 100 B`, value: nanoseconds / 1_000, unit: 'µs' })
  return figures
}

const deflating = async (bytes: number, limit: number): Promise<readonly CodecFigure[]> => {
  const data = history(bytes)
  const [plain, codec, client] = [json(), deflate(), clientDeflate()]
  const text = plain.push('history', data)
  const packed = codec.push('history', data)
  const from = { connectionId: '', now: 0, blobs: undefined }
  const results = await compare(
    [
      { name: 'write without', run: () => plain.push('history', data) },
      { name: 'write', run: () => codec.push('history', data) },
      { name: 'open', run: () => codec.open?.(packed, from) },
      { name: 'client reads', run: () => client.read(packed) },
    ],
    { rounds: 9 },
  )
  const what = `deflate(): JSON of ${(text.length / 1_000).toFixed(1)} KB`
  return [
    { what: `${what}, bytes after Base64`, value: packed.length / text.length, unit: 'x', limit },
    ...results.map(({ name, nanoseconds }) => ({ what: `${what}, ${name}`, value: nanoseconds / 1_000, unit: 'µs' })),
  ]
}

const WORDS =
  'the of and to in is it you that he was for on are with as his they be at one have this from or had by hot but some what there we can out other were all your when up use word how said an each she which do their time if will way about many then them would write like so these her long make thing see him two has look more day could go come did my sound no most number who over know water than call first people may down side been now find'.split(
    ' ',
  )

/** The messages of a room, as an application would send them at the start: about so many bytes of JSON, always the same. */
const history = (bytes: number) => {
  let state = 7
  const below = (end: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
  const messages: object[] = []
  for (let taken = 60; taken < bytes; taken += JSON.stringify(messages.at(-1)).length + 1)
    messages.push({
      id: `m_${below(0xffffff).toString(16)}`,
      room: 'lobby',
      from: ['ann', 'bob', 'cid', 'dora'][below(4)],
      at: 1_700_000_000_000 + messages.length * 60_000 + below(60_000),
      text: Array.from({ length: 5 + below(15) }, () => WORDS[below(WORDS.length)]).join(' '),
    })
  return { room: 'lobby', messages }
}
