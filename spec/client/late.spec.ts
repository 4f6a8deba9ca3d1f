import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  type CloudEvent,
  InvalidArgumentError,
  NotFoundError,
  type Options,
  type Publisher,
  publishTo,
  route,
  stay,
  UnavailableError,
  ws,
} from 'ws-interlock'
import type { ConnectOptions } from 'ws-interlock/client'
import * as codecs from 'ws-interlock/client/codec'
import { flat, jsonRpc } from 'ws-interlock/codec'
import { memory as bag } from 'ws-interlock/publish/memory'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { change, insideOf } from '../../lib/local/inside.ts'
import { begin, outcome, warmClient } from './kit.ts'

const test = suite('client: answers that come later, from elsewhere')
test.before(async () => {
  await warmClient()
  await Promise.all([
    import('../../lib/flow/answer.ts'),
    import('../../lib/publish/hand.ts'),
    import('../../lib/state/resume.ts'),
  ])
})

const machine = setup({
  types: { events: {} as { type: 'enter' } | { type: 'quote' } | { type: 'buy' } | { type: 'pay' } },
}).createMachine({
  id: 'shop',
  initial: 'outside',
  states: {
    outside: { on: { enter: 'idle' } },
    idle: { on: { quote: stay, buy: 'bought' } },
    bought: { on: { pay: 'paid' } },
    paid: {},
  },
})
const protocol = { protocol: machine }

const told = route({ input: v.undefined(), reply: v.number(), progress: v.string() })

/** A shop that is answered for by whoever reads the bus, which drops an event that it has read before. */
const opened = async ({ codec }: Options = {}, options: Pick<ConnectOptions<never>, 'codec' | 'pipeline'> = {}) => {
  const { entries, ...kept } = bag()
  const bus: Publisher<CloudEvent> = kept
  const later = () => publishTo(bus, undefined, { later: true })
  const app = ws({ warn: () => {}, ...(codec && { codec }) })
    .store(memory())
    .protocol(machine, { mirror: true, resume: resume({ secret: 'x'.repeat(32) }) })
    .onConnect(() => accept())
    .on('enter', v.undefined(), () => {})
    .on('quote', told, later())
    .on('buy', told, later())
    .on('pay', v.undefined(), () => 'thanks')
    .build()
  const begun = begin(app, { ...protocol, ...options })
  const { clock } = begun
  const inside = insideOf(app)
  // The gateway's own goes on by itself where nobody but the application waits: before the client is back.
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.setTimeout(resolve, ms))
  if (inside) change(inside.plan, { clock: { now: clock.now, wait } })
  await begun.client.send('enter')
  await begun.settle()
  /** The first of those that are one event. */
  const first = () => {
    const last = entries.at(-1)
    return entries.find(({ id }) => id === last?.id)?.correlation ?? assert.unreachable('Nothing was published.') ?? ''
  }
  return { app, entries, first, ...begun }
}

/** A promise, and whether it is settled. */
const watched = (promise: Promise<boolean>) => {
  const seen = { value: undefined as boolean | undefined }
  void promise.then((value) => {
    seen.value = value
  })
  return seen
}

test('the answer by the first correlation finds the connection that has taken over, also after several', async () => {
  const { app, client, entries, first, end, pass, settle, socket } = await opened()
  let resolved = 0
  const stream = client.stream('quote')
  const asked = stream.reply.then((price) => {
    resolved++
    return price
  })
  await settle()
  for (const _ of [1, 2, 3]) {
    socket().vanish()
    await pass(3_000)
    assert.is(client.state, 'open')
  }
  assert.is(new Set(entries.map(({ correlation }) => correlation)).size, 4)
  assert.is(new Set(entries.map(({ id }) => id)).size, 1)
  assert.is(await app.server.progress(first(), 'looking'), true)
  assert.is(await app.server.reply(first(), 12), true)
  assert.equal(await stream.next(), { done: false, value: 'looking' })
  assert.is(await asked, 12)
  // From a queue that delivers twice.
  assert.is(await app.server.reply(first(), 13), true)
  await settle()
  assert.equal([resolved, client.state], [1, 'open'])
  await end()
})

test('an answer that comes before the client is back waits a little for it', async () => {
  const { app, client, first, end, pass, settle, socket, errors } = await opened()
  for (const [answer, value, code] of [
    [7, 7, undefined],
    [new NotFoundError('It is gone.'), undefined, 'NOT_FOUND'],
  ] as const) {
    const asked = outcome(client.send('quote'))
    await settle()
    socket().vanish()
    const replied = watched(app.server.reply(first(), answer))
    await pass(5_000)
    assert.is(replied.value, true)
    const { value: price, error } = await asked
    assert.equal([price, error?.code], [value, code])
  }
  assert.equal(errors, [])
  await end()
})

test('an answer is heard between the takeover and the moment when the message is sent again', async () => {
  for (const answer of [5, new NotFoundError('It is gone.')]) {
    let ready = () => {}
    const door = new Promise<void>((resolve) => {
      ready = resolve
    })
    const { app, client, first, end, pass, settle, socket, sent } = await opened({}, {
      onReady: ({ recovered }: { readonly recovered: boolean }) => (recovered ? door : undefined),
    } as never)
    const asked = outcome(client.send('quote'))
    await settle()
    socket().vanish()
    await pass(2_000)
    assert.is(await app.server.reply(first(), answer), true)
    await settle()
    ready()
    await settle()
    const { value, error } = await asked
    assert.equal([value, error?.code], typeof answer === 'number' ? [5, undefined] : [undefined, 'NOT_FOUND'])
    assert.is(sent('quote').length, 1)
    await end()
  }
})

test('whoever does not come back is answered false after three seconds, and a step waits for nobody', async () => {
  const { app, client, first, end, pass, settle, socket, clock } = await opened()
  const asked = outcome(client.send('quote'))
  await settle()
  socket().vanish()
  client.close()
  await asked
  assert.is(await app.server.progress(first(), 'looking'), false)
  const from = clock.now()
  const replied = watched(app.server.reply(first(), 1))
  await pass(2_900)
  assert.is(replied.value, undefined)
  await pass(200)
  assert.is(replied.value, false)
  await pass(10_000)
  assert.ok(clock.now() - from > 10_000)
  assert.is(await app.server.reply(first(), 1), false)
  await end()
})

for (const [said, server, speaks] of [
  ['json()', undefined, undefined],
  ['flat()', flat(), codecs.flat()],
  ['jsonRpc()', jsonRpc(), codecs.jsonRpc()],
] as const)
  test(`with ${said} an error that comes later fails the message, and leaves it applied`, async () => {
    for (const pipeline of [false, true])
      for (const error of [
        new NotFoundError('It is gone.'),
        // No handler ran, and: send it again. Of a late answer neither is true.
        new InvalidArgumentError('It is no order.'),
        new UnavailableError('The depot is closed.'),
      ]) {
        const { app, client, first, end, settle, seen } = await opened(
          { ...(server && { codec: server }) },
          { ...(speaks && { codec: speaks }), pipeline },
        )
        const buying = outcome(client.send('buy'))
        await settle()
        await app.server.reply(first(), error)
        assert.is((await buying).error?.code, error.code)
        assert.is(client.snapshot?.value, 'bought')
        assert.is(await client.send('pay'), 'thanks')
        await settle()
        assert.is(client.snapshot?.value, 'paid')
        const names = seen.filter(({ isOut }) => isOut).map((frame) => frame.action ?? Object(frame).method)
        assert.equal(names, ['enter', 'buy', 'pay'])
        if (pipeline)
          assert.equal(
            seen.filter(({ isOut }) => isOut).map(({ dep }) => dep),
            [0, 1, 2],
          )
        await end()
      }
  })

test.run()
