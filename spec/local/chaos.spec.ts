import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { type ChaosOptions, type Injected, type LocalOptions, localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { type MessageEvent, type TestGateway, testGateway, type WebSocketEvent } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { chat } from '../../examples/chat/server.ts'
import { closeAll, connect, fakeClock, local, ok } from '../kit/local.ts'
import { quiet, rejection } from '../protocol/kit.ts'

const test = suite('local chaos')
let restore = () => {}
test.before.each(() => {
  restore = quiet().restore
})
test.after.each(async () => {
  restore()
  await closeAll()
})

/** Nothing goes wrong but what is named. */
const NONE = { delays: 0, coldStarts: 0, lostFarewells: 0, repeatedFarewells: 0, halfOpen: 0, throttling: 0, kills: 0 }
const only = (chances: Partial<ChaosOptions>): { chaos: ChaosOptions } => ({ chaos: { ...NONE, seed: 1, ...chances } })
const kinds = (injected: readonly Injected[] = []) => injected.map(({ kind }) => kind)

/** A gateway whose handler notes what it is given, on a clock that stands still. */
const noting = async (options: LocalOptions) => {
  const clock = fakeClock()
  return { clock, ...(await local(ok, { clock, ...options })) }
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}

test('messages begin late, each by its own time, and so overtake each other', async () => {
  const orders = new Set<string>()
  for (let seed = 1; seed <= 10; seed++) {
    const heard: string[] = []
    const gateway = testGateway(
      async (event: WebSocketEvent) => {
        if (event.requestContext.eventType === 'MESSAGE') heard.push((event as MessageEvent).body ?? '')
        return { statusCode: 200 }
      },
      { seed, chaos: { ...NONE, delays: 1 } },
    )
    const peer = await gateway.connect()
    for (const word of ['a', 'b', 'c']) peer.send(word)
    await gateway.advance(2_000)
    assert.equal([...heard].sort(), ['a', 'b', 'c'])
    orders.add(heard.join(''))
    await gateway.close()
  }
  assert.ok(orders.size > 2, [...orders].join())
})

test('a cold start holds an invocation up for 300 to 1500 ms', async () => {
  const { url, clock, events, chaos } = await noting({ routes: ['$default'], ...only({ coldStarts: 1 }) })
  const client = await connect(url)
  client.send('x')
  client.socket.ping()
  await new Promise((resolve) => client.socket.once('pong', resolve))
  clock.advance(299)
  await turns()
  assert.equal(events, [])
  clock.advance(1_201)
  await turns()
  assert.is(events.length, 1)
  assert.equal(kinds(chaos?.injected), ['cold-start'])
  client.socket.terminate()
})

test('$disconnect is lost', async () => {
  const { url, events, chaos, close } = await noting(only({ lostFarewells: 1 }))
  const client = await connect(url)
  client.socket.close()
  await client.closed
  await close()
  assert.is(events.length, 1)
  assert.equal(kinds(chaos?.injected), ['lost-farewell'])
})

test('$disconnect comes twice', async () => {
  const { url, clock, next, events } = await noting(only({ repeatedFarewells: 1 }))
  const client = await connect(url)
  client.socket.close()
  await next('DISCONNECT')
  clock.advance(1_000)
  await next('DISCONNECT')
  assert.is(events.length, 3)
})

test('a client that vanishes is not missed: posts succeed until the idle time is over', async () => {
  const { url, endpoint, clock, next, events } = await noting(only({ halfOpen: 1 }))
  const client = await connect(url)
  const { requestContext } = await next('CONNECT')
  client.socket.terminate()
  await client.closed
  await turns()
  const place = `${endpoint}/@connections/${encodeURIComponent(requestContext.connectionId)}`
  assert.is((await fetch(place, { method: 'POST', body: 'into the void' })).status, 200)
  assert.is(events.length, 1)
  clock.advance(600_000)
  const { disconnectStatusCode, disconnectReason } = Object(await next('DISCONNECT')).requestContext
  assert.equal([disconnectStatusCode, disconnectReason], [1001, 'Going away'])
  assert.is((await fetch(place, { method: 'POST', body: 'too late' })).status, 410)
})

test('posts are throttled, and after at most three in a row one comes through', async () => {
  const { url, endpoint, next } = await noting(only({ throttling: 0.5 }))
  const client = await connect(url)
  const { requestContext } = await next('CONNECT')
  const place = `${endpoint}/@connections/${encodeURIComponent(requestContext.connectionId)}`
  const statuses: number[] = []
  for (let count = 0; count < 30; count++) statuses.push((await fetch(place, { method: 'POST', body: 'x' })).status)
  assert.equal(new Set(statuses), new Set([200, 429]))
  assert.is(client.received.length, statuses.filter((status) => status === 200).length)
  client.socket.terminate()
})

test('a function of an application dies at one of its calls: AWS answers for it, and the connection unlocks by itself', async () => {
  let died = 0
  for (let seed = 1; seed <= 30 && died === 0; seed++) {
    const gateway = testGateway(chat, { seed, chaos: { ...NONE, kills: 0.4 } })
    const peer = await gateway.connect({ query: { name: 'ann' } }).catch(() => undefined)
    const answer = await peer?.request('auth', { token: 'let-me-in' }).catch((error: Error) => error)
    if (answer instanceof Error) {
      died++
      assert.is(answer.message, `API Gateway answered 'auth' itself: Internal server error. Seed ${seed}.`)
      assert.ok(kinds(gateway.chaos?.injected).includes('killed'))
    }
    await gateway.close()
  }
  assert.is(died, 1)
})

test('what does not die is not said to: a plain function cannot be killed in process, nor one that is done before', async () => {
  const silent = ws()
    .onConnect(() => accept())
    .on('hush', () => {})
    .build()
  for (const handler of [ok, silent]) {
    const gateway = testGateway(handler, { chaos: { ...NONE, kills: 1 } })
    const peer = await gateway.connect()
    peer.send({ action: 'hush' })
    await gateway.settled()
    assert.equal(gateway.chaos?.injected, [])
    await gateway.close()
  }
})

test('what others do changes nothing for a connection: neither who speaks first nor posts to strangers', async () => {
  const delaysOfAnn = async (order: readonly ('ann' | 'bob')[]) => {
    const gateway = testGateway(ok, { routes: ['$default'], chaos: { ...NONE, seed: 3, delays: 1 } })
    const peers = { ann: await gateway.connect(), bob: await gateway.connect() }
    for (const name of order) peers[name].send('x')
    await gateway.advance(2_000)
    const { injected = [] } = gateway.chaos ?? {}
    await gateway.close()
    return injected.filter(({ connectionId }) => connectionId === peers.ann.connectionId)
  }
  assert.equal(await delaysOfAnn(['bob', 'ann']), await delaysOfAnn(['ann', 'bob']))

  const statuses = async (strangers: number) => {
    const { url, endpoint, next } = await noting(only({ throttling: 0.5 }))
    const post = async (id: string) =>
      (await fetch(`${endpoint}/@connections/${encodeURIComponent(id)}`, { method: 'POST', body: 'x' })).status
    for (let count = 0; count < strangers; count++) assert.is(await post(`stranger00000${count}0=`), 410)
    const { socket } = await connect(url)
    const { connectionId } = (await next('CONNECT')).requestContext
    const all: number[] = []
    for (let count = 0; count < 20; count++) all.push(await post(connectionId))
    socket.terminate()
    return all
  }
  assert.equal(await statuses(9), await statuses(0))
})

test('with all chances at zero nothing goes wrong', async () => {
  const gateway = testGateway(chat, { chaos: NONE })
  const peer = await gateway.connect({ query: { name: 'ann' } })
  await peer.request('auth', { token: 'let-me-in' })
  peer.vanish()
  await gateway.settled()
  assert.equal(gateway.chaos?.injected, [])
  await gateway.close()
})

/** The chat's protocol, with handlers that write down when they run. */
const audited = () => {
  const log: string[] = []
  const note = async (connectionId: string, name: string) => {
    log.push(`${connectionId} ${name} begins`)
    await turns(1)
    log.push(`${connectionId} ${name} ends`)
  }
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(
      setup({ types: { events: {} as { type: 'auth' | 'join' | 'send' } } }).createMachine({
        id: 'audited',
        initial: 'anonymous',
        states: {
          anonymous: { on: { auth: 'authenticated' } },
          authenticated: { on: { join: 'joined' } },
          joined: { on: { send: stay } },
        },
      }),
    )
    .onConnect(() => accept())
    .on('auth', v.undefined(), ({ connection }) => note(connection.id, 'auth'))
    .on('join', v.undefined(), async ({ connection, channel }) => {
      await channel('tea').join()
      await note(connection.id, 'join')
    })
    .on('send', v.undefined(), ({ connection }) => note(connection.id, 'send'))
    .onError(() => {})
    .build()
  return { app, log }
}

/** Six peers who say all at once what they have to say, and again until it is answered; then they are gone, in some way. */
const evening = async (gateway: TestGateway<ReturnType<typeof audited>['app']>) => {
  const answered: string[] = []
  const visit = async (index: number) => {
    const peer = await gateway.connect().catch(() => undefined)
    if (!peer) return
    const insist = async (name: 'auth' | 'join' | 'send') => {
      for (let attempt = 0; attempt < 20 && !peer.closed; attempt++) {
        const late = new Promise<undefined>((resolve) => gateway.clock.setTimeout(() => resolve(undefined), 5_000))
        const answer = await Promise.race([peer.request(name).catch(() => late), late])
        if (answer && !answer.error) return answered.push(`${peer.connectionId} ${name}`)
      }
      return undefined
    }
    await Promise.all([insist('send'), insist('join'), insist('auth')])
    if (index % 2 === 0) peer.vanish()
    else peer.close()
  }
  const visits = Promise.all([0, 1, 2, 3, 4, 5].map(visit))
  let isOver = false
  visits.finally(() => {
    isOver = true
  })
  while (!isOver) await gateway.advance(500)
  await visits
  // Longer than a connection and its record can be.
  await gateway.advance(3 * 3_600_000)
  return answered
}

test('under fifty seeds of it a protocol keeps its promises', async () => {
  const kindsSeen = new Set<string>()
  for (let seed = 1; seed <= 50; seed++) {
    const { app, log } = audited()
    const gateway = testGateway(app, { seed, chaos: true })
    const answered = await evening(gateway)
    const hint = `seed ${seed}: ${log.join(', ')}; ${JSON.stringify(gateway.chaos?.injected)}`
    for (const kind of kinds(gateway.chaos?.injected)) kindsSeen.add(kind)
    for (const [at, line] of log.entries()) {
      const [connectionId = '', name, moment] = line.split(' ')
      const before = log.slice(0, at)
      if (moment !== 'begins' || name === 'auth') continue
      // No handler runs before another one has earned it.
      assert.ok(before.includes(`${connectionId} ${name === 'join' ? 'auth' : 'join'} ends`), hint)
    }
    // What was answered well has been done.
    for (const line of answered) assert.ok(log.includes(`${line} ends`), hint)
    // Whoever is gone is in no channel, although a farewell may have been lost.
    for await (const member of app.server.channel('tea').members()) assert.unreachable(`${member} is left; ${hint}`)
    await gateway.close()
  }
  assert.equal([...kindsSeen].sort(), KINDS)
})

const KINDS = [
  'cold-start',
  'delay',
  'half-open',
  'killed',
  'late-farewell',
  'lost-farewell',
  'repeated-farewell',
  'throttled',
]

/** What every tutorial has: who is logged in is kept in a map, and read before it is written. */
const naive = () => {
  const loggedIn = new Map<string, boolean>()
  const handled: string[] = []
  const handler = async (event: WebSocketEvent) => {
    const { eventType, connectionId } = event.requestContext
    if (eventType === 'CONNECT') loggedIn.set(connectionId, false)
    if (eventType === 'DISCONNECT') loggedIn.delete(connectionId)
    if (eventType === 'MESSAGE') {
      const { action } = JSON.parse((event as MessageEvent).body ?? '')
      if (action === 'auth') loggedIn.set(connectionId, true)
      handled.push(`${action} ${loggedIn.get(connectionId)}`)
    }
    return { statusCode: 200 }
  }
  return { handler, handled, loggedIn }
}

test('a handler that keeps who is logged in by itself breaks under one of the first twenty seeds', async () => {
  const broken: number[] = []
  for (let seed = 1; seed <= 20; seed++) {
    const { handler, handled, loggedIn } = naive()
    const gateway = testGateway(handler, { seed, chaos: true })
    const peer = await gateway.connect()
    peer.send({ action: 'auth' })
    peer.send({ action: 'send' })
    await gateway.advance(5_000)
    peer.close()
    await gateway.advance(5_000)
    await gateway.close()
    if (handled.includes('send false') || loggedIn.size > 0) broken.push(seed)
  }
  assert.ok(broken.length > 0)
})

test('the same seed meets the same faults', async () => {
  const faultsOf = async (seed: number) => {
    const gateway = testGateway(chat, { seed, chaos: true })
    const peer = await gateway.connect({ query: { name: 'ann' } }).catch(() => undefined)
    for (const token of ['wrong', 'let-me-in', 'let-me-in']) {
      if (peer && !peer.closed) peer.send({ action: 'auth', data: { token } })
      await gateway.advance(3_000)
    }
    peer?.vanish()
    await gateway.advance(700_000)
    const { injected = [] } = gateway.chaos ?? {}
    await gateway.close()
    return injected
  }
  assert.equal(await faultsOf(7), await faultsOf(7))
  assert.not.equal(await faultsOf(7), await faultsOf(8))
})

for (const [chaos, sentence] of [
  [{}, /^localGateway: chaos must be \{ seed \}, an integer, and chances from 0 to 1 of delays, coldStarts, /],
  [{ seed: 1.5 }, /^localGateway: chaos must be \{ seed \}, an integer/],
  [{ seed: 1, kills: 2 }, /^localGateway: chaos must be \{ seed \}, an integer, and chances from 0 to 1/],
  [{ seed: 1, kill: 0.1 }, /^localGateway: chaos must be \{ seed \}, an integer, and chances from 0 to 1/],
] as const)
  test(`chaos: ${JSON.stringify(chaos)} is refused in a sentence`, async () => {
    assert.match(Object(await rejection(localGateway(ok, { chaos: chaos as ChaosOptions }))).message, sentence)
  })

test.run()
