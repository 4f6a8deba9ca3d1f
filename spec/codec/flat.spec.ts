import { suite } from 'uvu'
import { equal, is, throws } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { talk } from './kit.ts'

const test = suite('flat()')

test('the data of messages, replies and pushes lies beside the action, and no other word is said', async () => {
  const { say, gateway, line } = await talk([ours.flat(), theirs.flat()])
  is(line.subprotocol, 'ws-interlock.flat')
  equal(await say('{"action":"echo","id":"7","room":"lobby","text":"hi"}'), [
    { action: 'echo', id: '7', room: 'lobby', text: 'hi' },
  ])
  equal(await say('{"action":"say","room":"lobby"}'), [{ event: 'said', room: 'lobby' }])
  equal(await say('{"action":"step","id":"8","room":"lobby"}'), [
    { action: 'step', id: '8', progress: { room: 'lobby' } },
    { action: 'step', id: '8' },
  ])
  const error = { code: 'PERMISSION_DENIED', message: 'Not you.', details: { why: 'é' }, retryAfterMs: 5 }
  equal(await say('{"action":"refuse","id":"9"}'), [{ action: 'refuse', id: '9', error }])
  equal(
    theirs.flat().write({ action: 'send', id: '1', dep: 2, data: { room: 'a' } }),
    '{"action":"send","id":"1","dep":2,"room":"a"}',
  )
  await gateway.close()
})

test('what cannot lie flat goes under "data", and a frame with "data" is read by that alone', async () => {
  const { say, ran, gateway } = await talk([ours.flat(), theirs.flat()])
  for (const data of [[1], 'x', {}, null, { id: 5 }, { event: 1, a: 2 }, { data: { a: 1 } }])
    equal(await say({ action: 'echo', id: '1', data }), [{ action: 'echo', id: '1', data }])
  await say('{"action":"echo","data":{"a":1},"room":"lobby"}')
  equal(ran.at(-1), { a: 1 })
  await gateway.close()
})

test('without an action, as where API Gateway names the route, data is under "data" in the reply', () => {
  const { reply } = ours.flat()
  is(reply({ action: '', id: undefined, data: undefined }, { z: 'AAAA', n: 1 }), '{"data":{"z":"AAAA","n":1}}')
})

test('what writes itself, and what is no object in JSON, comes through as JSON has it', () => {
  const { reply } = ours.flat()
  const frame = { action: 'a', id: '1', data: undefined }
  is(reply(frame, { at: new Date(0) }), '{"action":"a","id":"1","at":"1970-01-01T00:00:00.000Z"}')
  is(reply(frame, new Date(0)), '{"action":"a","id":"1","data":"1970-01-01T00:00:00.000Z"}')
  is(reply(frame, { gone: undefined }), '{"action":"a","id":"1","data":{}}')
  is(reply(frame, { toJSON: () => ({ id: 'mine' }) }), '{"action":"a","id":"1","data":{"id":"mine"}}')
})

for (const [text, sentence] of [
  ['no', /^Error: A frame came that is not JSON: no$/],
  ['[1]', /^Error: A frame came that is no JSON object: \[1\]$/],
  ['{"action":1}', /^Error: A frame came whose "action" is no text: 1$/],
  ['{"event":{}}', /^Error: A frame came whose "event" is no text: \{\}$/],
  ['{"id":7,"data":1}', /^Error: A frame came whose "id" is no text: 7$/],
  ['{"error":"no"}', /^Error: A frame came whose "error" has no code and no message: "no"$/],
  [`"${'x'.repeat(1e5)}"`, /^Error: A frame came that is no JSON object: "x{79}…$/],
] as const)
  for (const [name, codec] of Object.entries({ 'json()': theirs.json(), 'flat()': theirs.flat() }))
    test(`the client's ${name} refuses ${text.slice(0, 20)} in a sentence`, () => {
      throws(
        () => codec.read(text),
        (error: unknown) => sentence.test(String(error)),
      )
    })

test.run()
