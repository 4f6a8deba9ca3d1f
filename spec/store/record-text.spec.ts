import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { recordOf, textOf } from '../../lib/store/record-text.ts'

const test = suite('the text of a record')

const least = { version: 1, connectedAt: 2, ttl: 3 }
const full = {
  ...least,
  state: { value: { a: 'b' }, context: null },
  claim: { token: 't', deadline: 4, event: 'e' },
  due: [{ event: 'late', at: 5 }],
  done: ['a', 'b'],
  closed: { by: 'gone', token: 't', at: 6 },
  expiresAt: 8,
  askAt: 7,
} as const

test('a record is read back as it was written', () => {
  for (const record of [least, full]) assert.equal(recordOf(textOf(record), 'x'), record)
})

test('what a later version of the library adds is kept', () => {
  const later = { ...least, news: { more: true } }
  assert.equal(recordOf(textOf(later), 'x'), later)
})

for (const [what, text, flaw] of [
  ['nothing', undefined, 'there is no text'],
  ['a number', 7, 'there is no text'],
  ['an empty text', '', 'it is not a JSON object'],
  ['half a text', '{"version":1,', 'it is not a JSON object'],
  ['a list', '[]', 'it is not a JSON object'],
  ['null', 'null', 'it is not a JSON object'],
  ['no version', { ...least, version: undefined }, 'its `version` is not an integer'],
  ['a version in words', { ...least, version: '1' }, 'its `version` is not an integer'],
  ['half a version', { ...least, version: 1.5 }, 'its `version` is not an integer'],
  ['no time of connection', { ...least, connectedAt: undefined }, '`connectedAt` or `ttl` is not a number'],
  ['no end', { ...least, ttl: null }, '`connectedAt` or `ttl` is not a number'],
  ['a state without a value', { ...least, state: { context: {} } }, 'its `state` has no value'],
  ['a claim without an end', { ...full, claim: { token: 't', event: 'e' } }, 'its `claim` has no deadline or no token'],
  ['a claim of nobody', { ...full, claim: { deadline: 4, event: 'e' } }, 'its `claim` has no deadline or no token'],
  ['a claim that is null', { ...full, claim: null }, 'its `claim` has no deadline or no token'],
  ['deadlines without a time', { ...full, due: [{ event: 'late' }] }, 'its `due` is not a list of deadlines'],
  ['deadlines that are no list', { ...full, due: {} }, 'its `due` is not a list of deadlines'],
  ['messages of another form', { ...full, done: [{ id: '', token: 't' }] }, 'its `done` is not a list of texts'],
  ['messages that are no list', { ...full, done: 'a' }, 'its `done` is not a list of texts'],
  ['a token that is over in words', { ...full, expiresAt: 'soon' }, 'its `expiresAt` or `askAt` is not a number'],
  ['a time to ask that is null', { ...full, askAt: null }, 'its `expiresAt` or `askAt` is not a number'],
  ['an end that is not said by what', { ...full, closed: {} }, 'its `closed` does not say by what'],
  ['an end that is only true', { ...full, closed: true }, 'its `closed` does not say by what'],
] as const)
  test(`${what}: an error that says where and what, and never a record`, () => {
    const said = typeof text === 'object' ? JSON.stringify(text) : text
    assert.throws(
      () => recordOf(said, "the key 'k'"),
      ({ message }: Error) => message.startsWith(`What is stored in the key 'k' is no record of this library: ${flaw}`),
    )
  })

test.run()
