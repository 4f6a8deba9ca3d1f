import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { type Identity, token } from 'ws-interlock/guard'
import { memory } from 'ws-interlock/store/memory'
import { peer, wire } from '../kit/wire.ts'
import { asked, BYE, heard, on, ordered, plain, SECOND, START, verify } from './kit.ts'

const test = suite('guard: tokens that expire')

const ENDED = { code: 1000, reason: 'Connection Closed Normally' }

for (const [what, make] of [
  ['without a protocol', () => plain()],
  ['under a protocol', () => ordered({ silent: true })],
] as const) {
  test(`${what} a message after the end is refused, its handler does not run, and the connection ends with $bye`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      await ann.request('enter')
      await gateway.advance(300 * SECOND - 1)
      assert.equal(Object((await ann.request('who')).data).slice(0, 2), ['ann', START + 300_000])
      await gateway.advance(1)
      assert.is(ann.closed, undefined)
      const before = ann.received.length
      assert.is((await ann.request('who')).error?.code, 'UNAUTHENTICATED')
      assert.equal(await ann.untilClosed(), ENDED)
      assert.equal(ann.received.slice(before + 1), [BYE])
    }))

  test(`${what} a message within the lead asks for another token, once for each`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      await ann.request('enter')
      await gateway.advance(240 * SECOND - 1)
      await ann.request('who')
      assert.equal(asking(ann.received), [])
      await gateway.advance(1)
      await ann.request('who')
      await ann.request('who')
      assert.equal(asking(ann.received), [asked(300)])
      await ann.request('$token', { token: 'ann/500' })
      await ann.request('who')
      await gateway.advance(200 * SECOND)
      await ann.request('who')
      assert.equal(asking(ann.received), [asked(300), asked(500)])
    }))

  test(`${what} another token of the same user puts the end off, and is answered by its own`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      await gateway.advance(299 * SECOND)
      const data = { expiresAt: START + 600_000 }
      assert.equal(await ann.request('$token', { token: 'ann/600' }), { action: '$token', id: '1', data })
      await gateway.advance(2 * SECOND)
      assert.is(ann.closed, undefined)
      await ann.request('enter')
      assert.equal((await ann.request('who')).error, undefined)
    }))

  test(`${what} another token is refused when it is wrong, over, or another user's, and changes nothing`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      const answers = []
      const texts = ['forged', 'bob/600', 'ann/0', '', 'a'.repeat(8193)]
      for (const data of [...texts.map((shown) => ({ token: shown })), { token: 7 }, {}, undefined])
        answers.push((await ann.request('$token', data)).error?.code)
      assert.equal(answers, [
        'UNAUTHENTICATED',
        'PERMISSION_DENIED',
        'UNAUTHENTICATED',
        ...Array(5).fill('INVALID_ARGUMENT'),
      ])
      await ann.request('enter')
      assert.equal(Object((await ann.request('who')).data).slice(0, 2), ['ann', START + 300_000])
    }))

  test(`${what} a token without an end takes the end away`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      assert.equal((await ann.request('$token', { token: 'ann' })).data, {})
      await ann.request('enter')
      await gateway.advance(301 * SECOND)
      assert.equal(Object((await ann.request('who')).data).slice(0, 2), ['ann', null])
    }))

  test(`${what} an expired connection cannot be saved by another token`, () =>
    on<object>(make().app, async (gateway) => {
      const ann = await gateway.connect({ query: { token: 'ann/300' } })
      await gateway.advance(300 * SECOND)
      assert.is((await ann.request('$token', { token: 'ann/600' })).error?.code, 'UNAUTHENTICATED')
      assert.equal(await ann.untilClosed(), ENDED)
      assert.equal(ann.received.slice(1), [BYE])
    }))

  test(`${what} a token may come as a message first, where it is optional, and is then the user's`, () => {
    const { app } = what === 'under a protocol' ? ordered({ optional: true }) : plain({ optional: true })
    return on<object>(app, async (gateway) => {
      const ann = await gateway.connect()
      await ann.request('enter')
      assert.equal(Object((await ann.request('who')).data).slice(0, 2), [null, null])
      assert.equal((await ann.request('$token', { token: 'ann/300' })).data, { expiresAt: START + 300_000 })
      assert.equal(Object((await ann.request('who')).data).slice(0, 2), ['ann', START + 300_000])
      const ids: string[] = []
      for await (const id of plainServer(app).user('ann').connections()) ids.push(id)
      assert.equal(ids, [ann.connectionId])
      assert.is((await ann.request('$token', { token: 'bob/300' })).error?.code, 'PERMISSION_DENIED')
    })
  })
}

const asking = (frames: readonly unknown[]) => frames.filter((frame) => Object(frame).event === '$token')

/** Both applications have a store, and so users. */
const plainServer = (app: object) => (app as ReturnType<typeof plain>['app']).server

test('a silent peer is asked in time and ended in time, where somebody looks', () =>
  on<object>(ordered().app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/300' } })
    await gateway.advance(240 * SECOND - 1)
    assert.equal(ann.received, [])
    await gateway.advance(1)
    assert.equal(ann.received, [asked(300)])
    await gateway.advance(60 * SECOND - 1)
    assert.is(ann.closed, undefined)
    await gateway.advance(1)
    assert.equal(ann.received, [asked(300), BYE])
    assert.equal(ann.closed, ENDED)
  }))

test('a silent peer that shows another one when it is asked stays, and is asked again in its time', () =>
  on<object>(ordered().app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/300' } })
    await gateway.advance(250 * SECOND)
    await ann.request('$token', { token: 'ann/500' })
    await gateway.advance(190 * SECOND - 1)
    assert.equal(heard(ann.received), [asked(300), `$token {"expiresAt":${START + 500_000}}`])
    await gateway.advance(1)
    assert.equal(ann.received[2], asked(500))
    await gateway.advance(60 * SECOND)
    assert.equal(ann.received[3], BYE)
  }))

test('the deadlines of the machine and of the token are told apart, also while a message changes the first', () =>
  on<object>(ordered().app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/300' } })
    await ann.request('enter')
    await gateway.advance(200 * SECOND)
    await ann.request('nap')
    await gateway.advance(90 * SECOND)
    // It woke up by itself, after it was asked: a nap is allowed again.
    assert.is((await ann.request('nap')).error, undefined)
    assert.equal(asking(ann.received), [asked(300)])
    await gateway.advance(10 * SECOND)
    assert.equal(ann.received.at(-1), BYE)
  }))

test('a token of a short life is asked for again when half of it is over, and with leadMs 0 never', async () => {
  await on<object>(ordered().app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/30' } })
    await gateway.advance(15 * SECOND - 1)
    assert.equal(ann.received, [])
    await gateway.advance(1)
    assert.equal(ann.received, [asked(30)])
  })
  await on<object>(ordered({ leadMs: 0 }).app, async (gateway) => {
    const ann = await gateway.connect({ query: { token: 'ann/30' } })
    await gateway.advance(30 * SECOND)
    assert.equal(ann.received, [BYE])
  })
})

test('the heir of a connection has its end, and its own where it has shown a token', () =>
  on<object>(ordered({ optional: true }).app, async (gateway) => {
    const first = await gateway.connect({ query: { token: 'ann/300' } })
    await first.request('enter')
    const offer = await first.pushed('$resume')
    first.vanish()
    const second = await gateway.connect()
    const { data } = await second.request('$resume', offer)
    assert.equal((await second.request('who')).data, ['ann', START + 300_000])
    second.vanish()
    const third = await gateway.connect({ query: { token: 'ann/500' } })
    await third.request('$resume', data)
    assert.equal((await third.request('who')).data, ['ann', START + 500_000])
    await gateway.advance(310 * SECOND)
    assert.is(third.closed, undefined)
  }))

test('a silent heir that has the end of another one is ended with it', () =>
  on<object>(ordered({ optional: true }).app, async (gateway) => {
    const first = await gateway.connect({ query: { token: 'ann/300' } })
    await first.request('enter')
    const offer = await first.pushed('$resume')
    first.vanish()
    const second = await gateway.connect()
    await second.request('$resume', offer)
    await gateway.advance(300 * SECOND)
    assert.equal(second.received.slice(1), [asked(300), BYE])
    assert.equal(second.closed, ENDED)
  }))

test('a new connection whose token is over takes nothing over, and the old one is left to the next', () =>
  on<object>(ordered({ silent: true }).app, async (gateway) => {
    const first = await gateway.connect({ query: { token: 'ann/300' } })
    await first.request('enter')
    const offer = await first.pushed('$resume')
    first.vanish()
    const late = await gateway.connect({ query: { token: 'ann/10' } })
    await gateway.advance(10 * SECOND)
    assert.is((await late.request('$resume', offer)).error?.code, 'UNAUTHENTICATED')
    const next = await gateway.connect({ query: { token: 'ann/300' } })
    assert.is(Object((await next.request('$resume', offer)).data).recovered, true)
  }))

test('a push that fails costs the message nothing, and is told to onError', async () => {
  const errors: unknown[] = []
  const net = wire()
  let isDown = false
  let now = START
  const app = ws({
    warn: () => {},
    clock: { now: () => now, wait: async () => {} },
    gateway: {
      ...net.gateway,
      post: async (connectionId, body, ...rest) => {
        if (isDown && body.includes('$token')) throw new Error('throttled')
        return net.gateway.post(connectionId, body, ...rest)
      },
    },
  })
    .store(memory({ now: () => now }))
    .use(token<Identity>({ verify }))
    .onConnect(() => accept())
    .on('who', ({ connection }) => connection.userId)
    .onError((error) => void errors.push(error))
    .build()
  const ann = peer(app, net)
  await ann.connect({ query: '?token=ann/300' })
  now += 250 * SECOND
  isDown = true
  const { frames } = await ann.send({ action: 'who', id: '1' })
  assert.equal(heard(frames), ['who "ann"'])
  assert.match(String(errors[0]), 'throttled')
})

test.run()
