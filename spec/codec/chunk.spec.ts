import fc from 'fast-check'
import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import { chunked, LONG, noise, PAIRS, piecesOf, talk } from './kit.ts'

const test = suite('chunk()')

const without = (texts: readonly string[], at: number) => texts.filter((_, index) => index !== at)

test('no piece has more than the 32 KB that API Gateway takes, nor cuts a character', () => {
  for (const alphabet of ['a', '"', '\\', '\u0001', 'é', '€', '😀', 'a😀'])
    for (const id of ['7', undefined, '\u0001'.repeat(128)]) {
      const texts = piecesOf({ id, data: noise(50_000, alphabet) })
      for (const text of texts) {
        ok(Buffer.byteLength(text) <= 32_768)
        ok(JSON.parse(text).data.isWellFormed())
      }
      // Full, but for what the rest of the frame takes.
      for (const text of texts.slice(0, -1)) ok(Buffer.byteLength(text) > 20_000)
      const whole = texts.map((text) => JSON.parse(text).data).join('')
      equal(JSON.parse(whole || '0').id ?? undefined, texts.length > 0 ? id : undefined)
    }
})

test('a text that one frame can carry is no piece', () => {
  const { write } = theirs.chunk()
  const text = write({ action: 'echo', id: '1', data: 'x'.repeat(31_000) })
  is(text, JSON.stringify({ action: 'echo', id: '1', data: 'x'.repeat(31_000) }))
})

for (const name of ['chunk()', 'chunk(jsonRpc())', 'chunk(deflate(binary(flat())))'])
  test(`${name}: pieces in any order, some of them twice, are one message`, async () => {
    const { ask, ran, gateway } = await talk(PAIRS[name]?.() ?? chunked())
    const check = async (seed: number) => {
      const order = (texts: string[]) => {
        const all = [...texts, ...texts.slice(0, 2)]
        const [shuffled = all] = fc.sample(fc.shuffledSubarray(all, { minLength: all.length }), { seed, numRuns: 1 })
        return shuffled
      }
      const before = ran.length
      const frames = await ask('echo', LONG, order)
      equal(frames.at(-1)?.data, LONG)
      await gateway.settled()
      is(ran.length, before + 1)
    }
    await fc.assert(fc.asyncProperty(fc.integer(), check), { numRuns: 15 })
    await gateway.close()
  })

test('a message that comes again, piece by piece, is not handled again', async () => {
  const { say, ran, gateway } = await talk(chunked())
  const texts = piecesOf({ id: '7' })
  await say(...texts)
  equal(await say(...texts, ...texts.toReversed()), [])
  is(ran.length, 1)
  await gateway.close()
})

test('a piece that is missing is waited for, and not longer than a minute', async () => {
  const { say, ran, gateway } = await talk(chunked())
  const texts = piecesOf({ id: '7' })
  equal(await say(...without(texts, 1)), [])
  await gateway.advance(59_000)
  equal(await say(), [])
  is((await say(texts[1])).length, 1)
  is(ran.length, 1)
  const others = piecesOf({ id: '8' })
  await say(...without(others, 1))
  await gateway.advance(61_000)
  equal(await say(others[1]), [])
  is(ran.length, 1)
  await gateway.close()
})

test('messages in pieces do not mix: not two of a connection, nor those of two connections', async () => {
  const [server, client] = chunked()
  const { say, ran, gateway } = await talk([server, client])
  const other = await gateway.connect({ subprotocols: [client.subprotocol] })
  const all = ['a', 'b'].map((letter) => client.write({ action: 'echo', id: letter, data: letter.repeat(80_000) }))
  const [a, b] = all as [string[], string[]]
  // Half of one on either connection is not one.
  for (const text of a.slice(0, 2)) other.send(text)
  await say(...a.slice(2))
  is(ran.length, 0)
  await say(...b.flatMap((text, at) => [text, a[at] ?? '']))
  equal([...ran].sort(), ['a'.repeat(80_000), 'b'.repeat(80_000)])
  await gateway.close()
})

test('a server holds eight messages that wait for their pieces; a ninth in the place of one ends it', async () => {
  const [server, client] = chunked()
  const { say, ran, gateway } = await talk([server, client])
  const all = Array.from(
    { length: 8 },
    (_, at) => client.write({ action: 'echo', id: `${at}`, data: LONG }) as string[],
  )
  // One that does not wait for its turn.
  all.push(theirs.chunk().write({ action: 'echo', id: '8', data: LONG }) as string[])
  for (const texts of all) await say(...without(texts, 1))
  equal(all.map(([text = '']) => text.slice(10, 11)).join(''), '012345670')
  for (const texts of all) await say(texts[1])
  is(ran.length, 8)
  await gateway.close()
})

test('a client takes the place of a message that was answered', () => {
  const { write, read } = theirs.chunk()
  const slotOf = (id: string) => String(write({ action: 'echo', id, data: LONG })).slice(10, 11)
  equal(['a', 'b', 'c'].map(slotOf), ['0', '1', '2'])
  read('{"id":"b","data":1}')
  const rest = ['d', 'e', 'f', 'g', 'h', 'i'].map(slotOf)
  equal(rest.sort(), ['1', '3', '4', '5', '6', '7'])
})

test('a message that only looks like a piece is read as it stands', async () => {
  const { say, gateway } = await talk(chunked())
  const text = '{"chunk":"0.0123456789","at":0,"of":2,"action":"echo","id":"1","data":1}'
  equal(await say(text), [{ action: 'echo', id: '1', data: 1 }])
  await gateway.close()
})

test.run()
