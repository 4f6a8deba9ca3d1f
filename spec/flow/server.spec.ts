import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type ConnectionInfo, FailedPreconditionError, type Gateway, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'
import { cutLate, inTurns, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('flow: the server and its connections')

const machine = setup({
  types: { context: {} as { paid: number }, events: {} as { type: 'look' } | { type: 'paid'; amount: number } },
}).createMachine({
  id: 'shop',
  context: { paid: 0 },
  initial: 'browsing',
  states: {
    browsing: {
      on: {
        look: stay,
        paid: { target: 'served', actions: assign({ paid: ({ event }) => event.amount }) },
      },
    },
    served: { type: 'final', description: 'Thank you.' },
  },
})

/** An application and the log of what it asked of its store. */
const shop = (gateway: Partial<Gateway> = {}) => {
  const clock = stoppedClock()
  const net = cutLate(wire(), clock)
  const store = memory(clock)
  const calls: string[] = []
  const app = ws({ gateway: { ...net.gateway, ...gateway }, clock, warn: () => {} })
    .store(inTurns(store, async (call) => void calls.push(String(call))))
    .pushes({ news: v.pipe(v.string(), v.toUpperCase()) })
    .protocol(machine, { internal: ['paid'] })
    .onConnect(async ({ channel }) => channel('all').join())
    .on('look', () => {})
    .build()
  const enter = async (id: string) => {
    const one = peer(app, net, id)
    await one.connect()
    return { ...one, record: () => store.records.read(id) }
  }
  const members = async () => (await store.memberships.members('all')).connectionIds
  return { app, net, enter, members, calls }
}

const news = (data: string) => ({ event: 'news', data })
const rejection = async (promise: Promise<unknown>) => {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('It did not reject.')
}

test('connection(id).push sends to that one, and resolves to true', async () => {
  const { app, enter } = shop()
  const [ann, ben] = [await enter('ann='), await enter('ben=')]
  assert.is(await app.server.connection('ann=').push('news', 'hello'), true)
  assert.equal(ann.taken(), [news('HELLO')])
  assert.equal(ben.taken(), [])
})

test('a push that meets a 410 resolves to false: the record is a tombstone, and the memberships are gone', async () => {
  const { app, net, enter, members } = shop()
  const ann = await enter('ann=')
  await enter('ben=')
  net.cut('ann=')
  assert.is(await app.server.connection('ann=').push('news', 'hello'), false)
  assert.is((await ann.record())?.closed?.by, 'gone')
  assert.equal(await members(), ['ben='])
  assert.is(await app.server.connection('ann=').push('news', 'hello'), false)
})

test('a push that its schema refuses, or that was not declared, rejects and posts nothing', async () => {
  const { app, net, enter } = shop()
  await enter('ann=')
  const { push } = app.server.connection('ann=')
  assert.instance(await rejection(push('news', 5 as never)), TypeError)
  assert.instance(await rejection(push('olds' as never, 'hello' as never)), TypeError)
  assert.is(net.posts(), 0)
})

test('a push that API Gateway throttles rejects with the time to wait', async () => {
  const { app, enter } = shop({ post: async () => ({ outcome: 'throttled', retryAfterMs: 400 }) })
  await enter('ann=')
  const { code, retryAfterMs } = (await rejection(app.server.connection('ann=').push('news', 'x'))) as never
  assert.equal([code, retryAfterMs], ['RESOURCE_EXHAUSTED', 400])
})

test('connection(id).close says $bye and closes, and of one that is gone it is silent', async () => {
  const { app, enter } = shop()
  const ann = await enter('ann=')
  await app.server.connection('ann=').close('Closing time.')
  assert.equal(ann.taken(), [{ event: '$bye', data: { code: 'OK', message: 'Closing time.' } }, '$closed'])
  await app.server.connection('ann=').close()
  assert.equal(ann.taken(), [])
})

test('connection(id).info is what the gateway knows', async () => {
  const known: ConnectionInfo = {
    connectedAt: new Date(1),
    lastActiveAt: new Date(2),
    sourceIp: '203.0.113.7',
    userAgent: undefined,
  }
  const { app } = shop({ info: async (id) => (id === 'ann=' ? known : undefined) })
  assert.equal(await app.server.connection('ann=').info(), known)
  assert.is(await app.server.connection('ben=').info(), undefined)
})

test('dispatch applies an event to the machine: one read, one write, and no handler', async () => {
  const { app, enter, calls } = shop()
  const ann = await enter('ann=')
  calls.length = 0
  await app.server.connection('ann=').dispatch({ type: 'paid', amount: 5 })
  const { state } = (await ann.record()) ?? {}
  assert.equal([state?.value, state?.context], ['served', { paid: 5 }])
  assert.equal(calls, ['read', 'replace'])
})

test('a dispatch that ends the protocol says so to the peer, and closes the connection', async () => {
  const { app, enter } = shop()
  const ann = await enter('ann=')
  await app.server.connection('ann=').dispatch({ type: 'paid', amount: 5 })
  assert.equal(ann.taken(), [{ event: '$bye', data: { code: 'OK', message: 'Thank you.' } }, '$closed'])
})

test('a dispatch that the machine does not accept now rejects, says why, and writes nothing', async () => {
  const { app, enter } = shop()
  const ann = await enter('ann=')
  const before = await ann.record()
  const error = await rejection(app.server.connection('ann=').dispatch({ type: 'unknown' } as never))
  assert.instance(error, FailedPreconditionError)
  assert.equal((error as FailedPreconditionError).details, { state: 'browsing', allowed: ['look'] })
  assert.equal(await ann.record(), before)
})

for (const type of ['xstate.stop', 'xstate.after.5000.shop.browsing', '$connect'])
  test(`'${type}' cannot be dispatched`, async () => {
    const { app, enter, calls } = shop()
    await enter('ann=')
    calls.length = 0
    assert.instance(await rejection(app.server.connection('ann=').dispatch({ type } as never)), TypeError)
    assert.equal(calls, [])
  })

test('a dispatch to a connection that is gone rejects', async () => {
  const { app, enter } = shop()
  const ann = await enter('ann=')
  await ann.disconnect()
  for (const id of ['ann=', 'nobody=']) {
    const { message } = await rejection(app.server.connection(id).dispatch({ type: 'paid', amount: 5 }))
    assert.is(message, 'The connection is closed.')
  }
  assert.is((await ann.record())?.state?.value, 'browsing')
})

test('channel(name).broadcast reaches its members, less the excepted, and counts what became of each', async () => {
  const { app, net, enter, members } = shop()
  const [ann, ben, cas] = [await enter('ann='), await enter('ben='), await enter('cas=')]
  net.cut('cas=')
  const sent = await app.server.channel('all').broadcast('news', 'hello', { except: ['ann='] })
  assert.equal(sent, { delivered: 1, gone: 1, throttled: 0, failed: 0, deferred: 0 })
  assert.equal([ann.taken(), ben.taken(), cas.taken()], [[], [news('HELLO')], []])
  assert.equal(await members(), ['ann=', 'ben='])
})

test('channel(name).members are the ids, and of an empty channel there are none', async () => {
  const { app, enter } = shop()
  await enter('ann=')
  await enter('ben=')
  const idsOf = async (name: string) => {
    const ids: string[] = []
    for await (const id of app.server.channel(name).members()) ids.push(id)
    return ids
  }
  assert.equal(await idsOf('all'), ['ann=', 'ben='])
  assert.equal(await idsOf('none'), [])
})

test('the server of a context reaches the same connections, in every phase', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .pushes({ news: v.string() })
    .onConnect(async ({ server }) => void (await server.connection('ben=').push('news', 'connect')))
    .on('go', async ({ server }) => void (await server.connection('ben=').push('news', 'message')))
    .onDisconnect(async ({ server }) => void (await server.connection('ben=').push('news', 'disconnect')))
    .build()
  const ann = peer(app, net, 'ann=')
  await ann.connect()
  await ann.send({ action: 'go' })
  await ann.disconnect()
  assert.equal(net.taken('ben='), [news('connect'), news('message'), news('disconnect')])
})

test('before an event has come the server asks for its address in words', async () => {
  const app = ws()
    .pushes({ news: v.string() })
    .onConnect(() => accept())
    .build()
  const error = await rejection(app.server.connection('ann=').push('news', 'x'))
  assert.match(error.message, 'ws({ endpoint:')
})

test.run()
