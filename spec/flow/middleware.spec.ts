import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Middleware, PermissionDeniedError, route, UnauthenticatedError, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('flow: middleware')

/** An application with one route behind a middleware, and all that its handler and `onError` saw. */
const behind = (middleware: Middleware) => {
  const net = wire()
  const ran: string[] = []
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .use(middleware)
    .onConnect(() => accept())
    .on('go', v.optional(v.string()), ({ data }) => {
      ran.push('go')
      if (data === 'break') throw new Error('the handler broke')
      return 'went'
    })
    .onError((error) => {
      errors.push(error)
    })
    .build()
  return { ...peer(app, net), ran, errors }
}

const go = { action: 'go', id: '1' }
const went = [{ action: 'go', id: '1', data: 'went' }]
const messagesOf = (errors: readonly unknown[]) => errors.map((error) => (error as Error).message)

test('layers run from the outside in and back: those of the application first, then those of the route', async () => {
  const net = wire()
  const ran: string[] = []
  const layer =
    (name: string): Middleware =>
    async (_, next) => {
      ran.push(name)
      await next()
      ran.push(`/${name}`)
    }
  const app = ws({ gateway: net.gateway })
    .use(layer('a'))
    .use(layer('b'))
    .onConnect(() => accept())
    .on('go', route({ use: [layer('c'), layer('d')] }), () => void ran.push('go'))
    .on('bare', () => void ran.push('bare'))
    .build()
  const { send } = peer(app, net)
  await send({ action: 'go' })
  assert.equal(ran, ['a', 'b', 'c', 'd', 'go', '/d', '/c', '/b', '/a'])
  ran.length = 0
  await send({ action: 'bare' })
  assert.equal(ran, ['a', 'b', 'bare', '/b', '/a'])
})

test('a layer of the application runs around every phase, and knows which one', async () => {
  const net = wire()
  const ran: string[] = []
  const app = ws({ gateway: net.gateway })
    .use(async ({ phase, connection }, next) => {
      ran.push(`${phase} ${connection.id === connectionId}`)
      await next()
    })
    .onConnect(() => accept())
    .on('go', () => {})
    .onDefault(() => {})
    .build()
  const { connectionId, connect, send, disconnect } = peer(app, net)
  await connect()
  await send(go)
  await send('raw')
  await disconnect()
  assert.equal(ran, ['connect true', 'message true', 'message true', 'disconnect true'])
})

test('what a layer adds is in every later context, of layers and of handlers', async () => {
  const net = wire()
  const seen: unknown[] = []
  const named: Middleware<{ user: string }> = async ({ connection }, next) => next({ user: `user of ${connection.id}` })
  const loud: Middleware<{ shout: string }, { user: string }> = async ({ user }, next) =>
    next({ shout: user.toUpperCase() })
  const app = ws({ gateway: net.gateway })
    .use(named)
    .onConnect(({ user }) => {
      seen.push(user)
    })
    .on('go', route({ use: loud }), ({ user, shout }) => void seen.push(user, shout))
    .on('bare', (context) => void seen.push('shout' in context))
    .onDisconnect(({ user }) => void seen.push(user))
    .build()
  const { connect, send, disconnect } = peer(app, net, 'ann=')
  await connect()
  await send({ action: 'go' })
  await send({ action: 'bare' })
  await disconnect()
  assert.equal(seen, ['user of ann=', 'user of ann=', 'USER OF ANN=', false, 'user of ann='])
})

test('what was added for one message is not there for the next', async () => {
  const { send } = behind(async (context, next) => {
    assert.not.ok('mark' in context)
    await next({ mark: 1 })
    assert.ok('mark' in context)
  })
  assert.equal((await send(go)).frames, went)
  assert.equal((await send(go)).frames, went)
})

test('a layer may put another value in the place of what the context has', async () => {
  const net = wire()
  const seen: unknown[] = []
  const stop = AbortSignal.abort('enough')
  const app = ws({ gateway: net.gateway })
    .use(async (_, next) => next({ signal: stop, phase: 'spec' }))
    .onConnect(({ signal, query }) => void seen.push(signal.reason, query.get('a')))
    .on('go', ({ signal, phase }) => void seen.push(signal.reason, phase))
    .build()
  const { connect, send } = peer(app, net)
  assert.equal(await connect({ query: '?a=1' }), { statusCode: 200 })
  assert.equal((await send({ action: 'go' })).frames, [])
  assert.equal(seen, ['enough', '1', 'enough', 'spec'])
})

test('.extend adds what it returns to the context of every phase', async () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .extend(async ({ phase }) => ({ greeting: `hello ${phase}` }))
    .extend(({ greeting }) => ({ length: greeting.length }))
    .onConnect(({ greeting }) => void seen.push(greeting))
    .on('go', ({ greeting, length }) => void seen.push(greeting, length))
    .onDisconnect(({ greeting }) => void seen.push(greeting))
    .build()
  const { connect, send, disconnect } = peer(app, net)
  await connect()
  await send({ action: 'go' })
  await disconnect()
  assert.equal(seen, ['hello connect', 'hello message', 13, 'hello disconnect'])
})

test('a layer refuses by throwing: the peer reads its code, and the handler does not run', async () => {
  const { send, ran } = behind(async () => {
    throw new PermissionDeniedError('Not you.')
  })
  const { frames } = await send(go)
  assert.equal(frames, [{ action: 'go', id: '1', error: { code: 'PERMISSION_DENIED', message: 'Not you.' } }])
  assert.equal(ran, [])
})

test('a layer that refuses a handshake decides its status', async () => {
  const { connect } = behind(async () => {
    throw new UnauthenticatedError('Say who you are.')
  })
  assert.equal(await connect(), { statusCode: 401, body: 'Say who you are.' })
})

test('a layer that returns without next() fails the message, and the handler does not run', async () => {
  const { send, ran, errors } = behind(() => {})
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
  assert.equal(ran, [])
  assert.equal(messagesOf(errors), ['A middleware returned without next(). To refuse, throw an error: see WsError.'])
})

test('under a protocol a layer that returns without next() earns no state', async () => {
  const net = wire()
  const store = memory()
  const machine = setup({ types: { events: {} as { type: 'auth' } } }).createMachine({
    id: 'door',
    initial: 'shut',
    states: { shut: { on: { auth: 'open' } }, open: {} },
  })
  let quiet = true
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .use(async ({ phase }, next) => {
      if (phase !== 'message' || !quiet) await next()
    })
    .protocol(machine)
    .onConnect(() => accept())
    .on('auth', () => {})
    .onError(() => {})
    .build()
  const { connect, send, connectionId } = peer(app, net)
  const state = async () => (await store.records.read(connectionId))?.state?.value
  await connect()
  assert.equal(codesOf((await send({ action: 'auth' })).frames), ['INTERNAL'])
  assert.is(await state(), 'shut')
  quiet = false
  await send({ action: 'auth' })
  assert.is(await state(), 'open')
})

for (const [said, twice] of [
  ['one after the other', async (next: () => Promise<unknown>) => void (await next().then(next))],
  ['at once', async (next: () => Promise<unknown>) => void (await Promise.all([next(), next()]))],
  ['and waits for neither', (next: () => Promise<unknown>) => void [next(), next()]],
] as const)
  test(`a layer that calls next() twice, ${said}, fails the message, and the handler runs once`, async () => {
    const { send, ran, errors } = behind((_, next) => twice(next))
    assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
    assert.equal(ran, ['go'])
    assert.equal(messagesOf(errors), ['A middleware called next() twice, or after it had returned.'])
  })

test('a layer cannot swallow the failure of what it wraps', async () => {
  const { send, errors } = behind(async (_, next) => {
    await next().catch(() => {})
  })
  assert.equal(codesOf((await send({ ...go, data: 'break' })).frames), ['INTERNAL'])
  assert.equal(messagesOf(errors), ['the handler broke'])
})

test('a layer replaces the failure of what it wraps by throwing another', async () => {
  const { send, errors } = behind(async (_, next) => {
    await next().catch((cause) => {
      throw new PermissionDeniedError('Not now.', { cause })
    })
  })
  assert.equal(codesOf((await send({ ...go, data: 'break' })).frames), ['PERMISSION_DENIED'])
  assert.equal(messagesOf(errors), ['Not now.'])
})

test('a layer that fails after the handler fails the message', async () => {
  const { send, ran } = behind(async (_, next) => {
    await next()
    throw new PermissionDeniedError('On second thoughts.')
  })
  assert.equal(codesOf((await send(go)).frames), ['PERMISSION_DENIED'])
  assert.equal(ran, ['go'])
})

test('a layer that does not wait for next() is waited for all the same, and its failure is told once', async () => {
  const { send, errors } = behind((_, next) => void next())
  assert.equal((await send(go)).frames, went)
  assert.equal(codesOf((await send({ ...go, data: 'break' })).frames), ['INTERNAL'])
  assert.equal(messagesOf(errors), ['the handler broke'])
  assert.equal(await unhandled(), [])
})

const stray: unknown[] = []
test.before(() => void process.on('unhandledRejection', note))
test.after(() => void process.off('unhandledRejection', note))
const note = (error: unknown) => void stray.push(error)

/** What was rejected and handled by nobody; Node says so before the next turn of its loop. */
const unhandled = async () => {
  await new Promise((resolve) => setImmediate(resolve))
  return stray.splice(0)
}

test.run()
