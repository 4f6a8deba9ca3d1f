import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { code, listed, room, said } from '../channel/kit.ts'

const test = suite('faults: names of channels')

/** Whoever is in each room, one peer per name. */
const rooms = async (names: readonly string[]) => {
  const { app, enter } = room()
  const peers = []
  for (const name of names) {
    const one = await enter('')
    await one.send({ action: 'join', data: { room: name } })
    peers.push(one)
  }
  return { app, peers }
}

for (const [said, name] of [
  ['half a character', 'a\ud800'],
  ['the other half', '\udc00a'],
  ['NUL', 'a\u0000'],
  ['a line break', 'a\n'],
] as const)
  test(`24. ${said} is in no name of a channel: the peer is told, and nothing is stored`, async () => {
    const { app, enter, store } = room()
    const ann = await enter('')
    assert.is(code((await ann.send({ action: 'join', data: { room: name } })).frames), 'INVALID_ARGUMENT')
    assert.throws(() => app.server.channel(name), /^The name of a channel is 1 to 128 characters/)
    assert.equal(await store.memberships.channels(ann.connectionId), [])
  })

for (const [what, names] of [
  ['25. a name that is composed and its twin that is not', ['caf\u00e9', 'cafe\u0301']],
  ['25. two spellings of one letter by different characters', ['\u212b', '\u00c5', 'A\u030a']],
  [
    '26. names with the characters by which stores part their keys',
    ['a', 'a#1', 'a%231', 'a:0', '{a}', '{a}:0', '}', '#'],
  ],
] as const)
  test(`${what} are different channels`, async () => {
    const { app, peers } = await rooms(names)
    for (const [index, name] of names.entries()) {
      assert.equal(await listed(app.server.channel(name).members()), [peers[index]?.connectionId], name)
      await app.server.channel(name).broadcast('said', { text: name })
      assert.equal(
        peers.map((one) => one.taken()),
        peers.map((_, other) => (other === index ? [said(name)] : [])),
        name,
      )
    }
  })

test.run()
