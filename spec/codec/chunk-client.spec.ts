import fc from 'fast-check'
import { suite } from 'uvu'
import { equal, is, throws } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'

const test = suite('chunk(), at the client')

/** What a server posts of a push. */
const postsOf = async (data: unknown, codec = ours.chunk()): Promise<string[]> => {
  const posts: string[] = []
  await codec.carry?.(codec.push('said', data), async (text) => {
    posts.push(text)
    return { outcome: 'delivered' }
  })
  return posts
}

const LONG = 'x'.repeat(400_000)
const WHOLE = { event: 'said', data: LONG }
const piece = (name: string, at: number, of: number, data = 'x') =>
  JSON.stringify({ chunk: `0.${name.padStart(8, '-')}`, at, of, data })

test('pieces in any order, some of them twice, are one frame', async () => {
  const posts = await postsOf(LONG)
  const all = [...posts, ...posts]
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (order) => {
      const { read } = theirs.chunk()
      equal(order.map((text) => read(text)).filter(Boolean), [WHOLE])
    }),
    { numRuns: 40 },
  )
})

test('frames whose pieces come between each other do not mix', async () => {
  const { read } = theirs.chunk()
  const [a, b] = [await postsOf('a'.repeat(300_000)), await postsOf('b'.repeat(300_000))]
  const frames = a.flatMap((text, at) => [read(text), read(b[at] ?? '')]).filter(Boolean)
  equal(frames, [
    { event: 'said', data: 'a'.repeat(300_000) },
    { event: 'said', data: 'b'.repeat(300_000) },
  ])
})

test('eight frames are put together at a time: a ninth ends the oldest', () => {
  const { read } = theirs.chunk()
  const names = Array.from({ length: 9 }, (_, index) => `n${index}`)
  for (const name of names) read(piece(name, 0, 2, '{"event":'))
  const whole = names.filter((name) => read(piece(name, 1, 2, '"said"}')))
  equal(whole, names.slice(1))
})

test('a frame is waited for as long as it was said, and not longer', () => {
  let now = 0
  const { read } = theirs.chunk(theirs.json(), { ttlMs: 1_000, now: () => now })
  for (const [name, waitMs, isWhole] of [
    ['a', 999, true],
    ['b', 1_000, false],
  ] as const) {
    read(piece(name, 0, 2, '{"event":'))
    now += waitMs
    is(read(piece(name, 1, 2, '"said"}')) !== undefined, isWhole)
    // Nor does a late piece begin anything.
    is(read(piece(name, 0, 2, '{"event":')), undefined)
  }
})

test('more bytes than are allowed end a frame, with a sentence, once', () => {
  const { read } = theirs.chunk(theirs.json(), { maxBytes: 200_000 })
  read(piece('a', 0, 3, 'x'.repeat(120_000)))
  throws(
    () => read(piece('a', 1, 3, 'x'.repeat(120_000))),
    /^Error: .*more than the 200000 bytes that are allowed\.$|200000/,
  )
  is(read(piece('a', 2, 3, 'x')), undefined)
})

test('another total under the same name ends a frame, with a sentence', () => {
  const { read } = theirs.chunk()
  read(piece('a', 0, 2))
  throws(() => read(piece('a', 1, 3)), /Another piece of the same name has another "of"\./)
  is(read(piece('a', 1, 2)), undefined)
})

test('what was put together is read by the codec inside, and refused as it refuses', () => {
  const { read } = theirs.chunk()
  read(piece('a', 0, 2, 'no '))
  throws(() => read(piece('a', 1, 2, 'JSON')), /A frame came that is not JSON: no JSON/)
})

test('a frame of 100 MB in pieces costs no more than is allowed', () => {
  const { read } = theirs.chunk()
  const data = 'x'.repeat(100_000)
  let refused = 0
  for (let at = 0; at < 1_000; at++)
    try {
      is(read(piece('big', at % 69, 69, data)), undefined)
    } catch {
      refused++
    }
  is(refused, 1)
})

test.run()
