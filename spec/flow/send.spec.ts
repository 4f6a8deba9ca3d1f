import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Gateway, ResourceExhaustedError, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, inTurns, latch, peer, wire } from '../kit/wire.ts'

const test = suite('flow: sending')

type Act = (context: {
  readonly push: (name: 'said', text: string, options?: { readonly now?: boolean }) => Promise<void>
}) => unknown

/** Everything that a push waits for takes a turn of Node's loop: what is not waited for comes too late. */
const tick = () => new Promise((resolve) => setImmediate(resolve))
const slow = <S extends v.GenericSchema<string>>(schema: S) =>
  v.pipeAsync(
    schema,
    v.checkAsync(async () => {
      await tick()
      return true
    }),
  )

/** An application without a protocol whose handler does what it is told. */
const doing = (act: Act, gateway: Partial<Gateway> = {}) => {
  const net = wire()
  const errors: unknown[] = []
  const warnings: string[] = []
  const post: Gateway['post'] = async (id, body) => {
    await tick()
    return net.gateway.post(id, body)
  }
  const app = ws({ gateway: { ...net.gateway, post, ...gateway }, warn: ({ code }) => void warnings.push(code) })
    .pushes({ said: slow(v.pipe(v.string(), v.trim())) })
    .onConnect(() => accept())
    .on('go', act)
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), errors, warnings }
}

const machine = setup({ types: { events: {} as { type: 'go' } } }).createMachine({
  id: 'm',
  initial: 'a',
  states: { a: { on: { go: 'b' } }, b: {} },
})

/** The same where the message changes the state, with everything that happens to store and peer written down. */
const changing = async (act: Act) => {
  const net = wire()
  const log: string[] = []
  const kept = memory()
  const post: Gateway['post'] = async (id, body) => {
    await tick()
    log.push(body)
    return net.gateway.post(id, body)
  }
  const app = ws({ gateway: { ...net.gateway, post }, warn: () => {} })
    .store(inTurns(kept, async (call) => void log.push(String(call))))
    .pushes({ said: slow(v.string()) })
    .protocol(machine)
    .onConnect(() => accept())
    .on('go', async (context) => {
      log.push('handler')
      await act(context)
      log.push('handled')
      return 'done'
    })
    .onError(() => {})
    .build()
  const one = peer(app, net)
  await one.connect()
  log.length = 0
  return { ...one, log, record: () => kept.records.read(one.connectionId) }
}

const said = (data: string) => ({ event: 'said', data })
const go = { action: 'go', id: '1' }

test('a push is sent as its schema gives it, before the reply', async () => {
  const { send } = doing(async ({ push }) => {
    await push('said', ' hello ')
    return 'done'
  })
  assert.equal((await send(go)).frames, [said('hello'), { ...go, data: 'done' }])
})

test('where the message changes no state a push leaves at once', async () => {
  const during: unknown[] = []
  const one = doing(async ({ push }) => {
    await push('said', 'hello')
    during.push(...one.taken())
  })
  await one.send(go)
  assert.equal(during, [said('hello')])
})

test('what a state-changing handler sends leaves after the commit, in order, before the reply', async () => {
  const { send, log } = await changing(async ({ push }) => {
    await push('said', 'one')
    await push('said', 'two')
  })
  await send(go)
  const frames = [said('one'), said('two'), { ...go, data: 'done' }].map((frame) => JSON.stringify(frame))
  assert.equal(log, ['read', 'replace', 'handler', 'handled', 'replace', ...frames])
})

test('with { now } a push leaves before the commit, and stays said when the handler fails', async () => {
  const { send, log } = await changing(async ({ push }) => {
    await push('said', 'half way', { now: true })
    await push('said', 'too early')
    throw new Error('broken')
  })
  assert.equal(codesOf((await send(go)).frames), [said('half way'), 'INTERNAL'])
  assert.equal(log.slice(0, 4), ['read', 'replace', 'handler', JSON.stringify(said('half way'))])
})

test('what a handler sent is dropped when its connection was closed meanwhile', async () => {
  const arrived = latch()
  const closed = latch()
  const one = await changing(async ({ push }) => {
    await push('said', 'too late')
    arrived.open()
    await closed.passed
  })
  const sending = one.send(go)
  await arrived.passed
  await one.disconnect()
  closed.open()
  assert.equal(codesOf((await sending).frames), ['ABORTED'])
  const record = await one.record()
  assert.is(record?.state?.value, 'a')
  assert.is(record?.closed?.by, 'disconnect')
})

for (const [kind, make] of [
  ['a handler', doing],
  ['a state-changing handler', changing],
] as const) {
  test(`what ${kind} sends and does not await is delivered before the invocation is answered, in order`, async () => {
    const { send } = await make(({ push }) => {
      push('said', 'one')
      push('said', 'two')
    })
    const { frames } = await send(go)
    assert.equal(frames.slice(0, 2), [said('one'), said('two')])
    assert.is(frames.length, 3)
  })

  test(`an invalid push that ${kind} does not await ends no process`, async () => {
    const { send } = await make(({ push }) => {
      push('said', 5 as never)
    })
    const { frames } = await send(go)
    assert.is(codesOf(frames).length, 1)
    assert.equal(await unhandled(), [])
  })
}

test('a push that is not awaited is warned about, and its failure is told to the owner', async () => {
  const post: Gateway['post'] = async (_, body) =>
    body.includes('said') ? { outcome: 'throttled', retryAfterMs: 5 } : { outcome: 'delivered' }
  const { send, errors, warnings } = doing(
    ({ push }) => {
      push('said', 'hello')
    },
    { post },
  )
  await send(go)
  assert.equal(warnings, ['UNAWAITED_SEND'])
  assert.is(errors.length, 1)
  assert.instance(errors[0], ResourceExhaustedError)
  assert.equal(await unhandled(), [])
})

test('a push that fails while the handler does something else is told to the owner', async () => {
  const { send, errors } = doing(async ({ push }) => {
    push('shouted' as never, 'x')
    await tick()
    return 'done'
  })
  assert.equal((await send(go)).frames, [{ ...go, data: 'done' }])
  assert.is(errors.length, 1)
  assert.match(String(errors[0]), "'shouted' is no push")
  assert.equal(await unhandled(), [])
})

test('a push that fails the message is told to the owner once', async () => {
  const { send, errors } = doing(async ({ push }) => push('shouted' as never, 'x'))
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
  assert.is(errors.length, 1)
})

test('a push that is awaited is not warned about', async () => {
  const { send, warnings } = doing(async ({ push }) => {
    await Promise.all([push('said', 'one'), push('said', 'two', { now: true })])
  })
  await send(go)
  assert.equal(warnings, [])
})

test('a push that its schema refuses, or that was not declared, fails the message, and nothing is sent', async () => {
  const wrong = doing(async ({ push }) => push('said', 5 as never))
  assert.equal(codesOf((await wrong.send(go)).frames), ['INTERNAL'])
  assert.match(String(wrong.errors[0]), "The data of the push 'said' is not valid")
  for (const name of ['shouted', 'toString', '__proto__']) {
    const unknown = doing(async ({ push }) => push(name as never, 'x'))
    assert.equal(codesOf((await unknown.send(go)).frames), ['INTERNAL'])
    assert.match(String(unknown.errors[0]), `'${name}' is no push`)
  }
})

const stray: unknown[] = []
const note = (error: unknown) => void stray.push(error)
test.before(() => void process.on('unhandledRejection', note))
test.after(() => void process.off('unhandledRejection', note))

/** What was rejected and handled by nobody; Node says so before the next turn of its loop. */
const unhandled = async () => {
  await tick()
  return stray.splice(0)
}

test.run()
