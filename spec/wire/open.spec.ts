import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Codec, type Opening, type Options, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { testGateway } from 'ws-interlock/testing'
import { json } from '../../lib/wire/json.ts'
import { codesOf, peer, wire } from '../kit/wire.ts'
import { backwards, turned } from './kit.ts'

const test = suite('a codec opens texts')

const echo = (options: Options) =>
  ws({ warn: () => {}, ...options })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data }) => data)

for (const isLate of [false, true])
  test(`what it opens ${isLate ? 'in its own time' : 'at once'} is the message, and what it does not is taken as it is`, async () => {
    const gateway = testGateway(echo({ codec: backwards(isLate) }).build())
    const ann = await gateway.connect()
    ann.send(turned({ action: 'echo', id: '1', data: 'é' }))
    assert.equal(await ann.next(), { action: 'echo', id: '1', data: 'é' })
    ann.send({ action: 'echo', id: '2', data: 'plain' })
    assert.equal(await ann.next(), { action: 'echo', id: '2', data: 'plain' })
    await gateway.close()
  })

test('what it cannot open is refused in its own words, and what breaks it in none', async () => {
  const errors: unknown[] = []
  const broken = new RangeError('secret')
  const codec: Codec = {
    ...backwards(),
    open: (text, from) => (text === '!' ? Promise.reject(broken) : backwards().open?.(text, from)),
  }
  const gateway = testGateway(
    echo({ codec })
      .onError((error) => void errors.push(error))
      .build(),
  )
  const ann = await gateway.connect()
  ann.send('~?')
  assert.equal(await ann.next(), { error: { code: 'INVALID_ARGUMENT', message: 'It has no end to begin with.' } })
  ann.send('!')
  assert.equal(await ann.next(), { error: { code: 'INTERNAL', message: 'Internal error' } })
  assert.equal(errors, [broken])
  await gateway.close()
})

/** Texts in two halves: `1:` and the first, `2:` and the second. */
const halves = (seen: Opening[] = []): Codec => ({
  ...json(),
  keeps: true,
  open: async (text, from) => {
    seen.push(from)
    const [, half, part] = /^([12]):(.*)$/s.exec(text) ?? []
    if (part === undefined) return text
    await from.blobs?.put(`${from.connectionId}/${half}`, part, 60)
    const [first, second] = await Promise.all(['1', '2'].map((one) => from.blobs?.get(`${from.connectionId}/${one}`)))
    return first === undefined || second === undefined ? undefined : first + second
  },
})

test('a part is answered by nothing and reaches nobody, and with the last one the message is whole', async () => {
  const net = wire()
  const seen: Opening[] = []
  const clock = { now: () => 5 }
  const handled: unknown[] = []
  const app = ws({ gateway: net.gateway, codec: halves(seen), clock, warn: () => {} })
    .store(memory(clock))
    .use(async ({ phase }, next) => {
      handled.push(phase)
      return next()
    })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data }) => data)
    .onDefault(() => 'a stranger')
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const text = JSON.stringify({ action: 'echo', id: '1', data: 'a b' })
  assert.equal(await ann.send(`2:${text.slice(20)}`), { statusCode: 200, frames: [] })
  assert.equal(handled, ['connect'])
  assert.equal((await ann.send(`1:${text.slice(0, 20)}`)).frames, [{ action: 'echo', id: '1', data: 'a b' }])
  assert.equal(
    seen.map(({ connectionId, now, blobs }) => [connectionId, now, typeof blobs?.claim]),
    [
      [ann.connectionId, 5, 'function'],
      [ann.connectionId, 5, 'function'],
    ],
  )
})

test('a text above the limit is refused before it is opened, and what is opened is held to the limits', async () => {
  const opened: string[] = []
  const codec: Codec = {
    ...json(),
    open: (text) => {
      opened.push(text)
      return text === 'deep' ? '[[[[0]]]]' : text
    },
  }
  const net = wire()
  const { send } = peer(echo({ gateway: net.gateway, codec, limits: { maxBytes: 20, maxDepth: 3 } }).build(), net)
  assert.equal(codesOf((await send('x'.repeat(21))).frames), ['RESOURCE_EXHAUSTED'])
  assert.equal(opened, [])
  const [refused] = (await send('deep')).frames as readonly { error: { message: string } }[]
  assert.is(refused?.error.message, 'The message has more than the 3 levels that are allowed.')
})

test('bytes in Base64 are opened as the text that they are', async () => {
  const net = wire()
  const { sendAs } = peer(echo({ gateway: net.gateway, codec: backwards() }).build(), net)
  const body = Buffer.from(turned({ action: 'echo', id: '1', data: 'ü' })).toString('base64')
  assert.equal((await sendAs({ body, isBase64Encoded: true })).frames, [{ action: 'echo', id: '1', data: 'ü' }])
})

const refusals = [
  ['without a store', () => echo({ codec: halves() }).build()],
  [
    'with a store that has no blobs',
    () => {
      const { blobs: _, ...rest } = memory()
      return ws({ codec: halves() })
        .store(rest as Store)
        .onConnect(() => accept())
        .build()
    },
  ],
] as const
for (const [claim, build] of refusals)
  test(`a codec that keeps parts is refused ${claim}`, () => {
    assert.throws(build, /This codec needs a store that keeps texts\. \(blobs of \.store\(\)\)/)
  })

for (const [name, given, type] of [
  ['open', 'text', 'function'],
  ['carry', {}, 'function'],
  ['progress', true, 'function'],
  ['subprotocol', 7, 'string'],
  ['required', 'yes', 'boolean'],
  ['keeps', 1, 'boolean'],
  ['maxBytes', '128', 'number'],
] as const)
  test(`a codec whose ${name} is no ${type} is refused`, () => {
    const codec = { ...json(), [name]: given } as unknown as Codec
    assert.throws(() => echo({ codec }).build(), new RegExp(`A ${type} is missing in ws\\(\\{ codec \\}\\): ${name}`))
  })

test.run()
