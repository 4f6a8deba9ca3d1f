import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import type { SocketClass } from 'ws-interlock/client'
import { type Door, reply, type Said, type Victim } from '../kit/hostile.ts'
import { latch } from '../kit/wire.ts'
import { aWhile, closeAll, kind, loadAll, MINUTE, type Options, outcomeOf, said, victim } from './victim.ts'

const test = suite('a socket that dies in each state of the client')
test.before(loadAll)
test.after.each(closeAll)

/** Ways to be refused, or never let in. */
const DOORS: readonly (readonly [what: string, door: Door, waitMs?: number])[] = [
  ['refused with 401', 401],
  ['refused with 403', 403],
  ['refused with 429', 429],
  ['refused with 500', 500],
  ['refused with 503', 503],
  ['redirected', 301],
  ['cut off', 'cut'],
  ['answered by what is no HTTP', 'garbage'],
  ['never answered', 'never', 10_000],
]

/** Node has a WebSocket of its own from 22 on; that of 22 tells no `close` where it never was open. */
const { WebSocket: own } = globalThis as { readonly WebSocket?: SocketClass }
const CLASSES: readonly (readonly [of: string, options: Options])[] = [
  ["'ws'", {}],
  ...(own ? [['Node', { WebSocket: own }] as const] : []),
]

for (const [of, options] of CLASSES)
  for (const [what, door, waitMs = 0] of DOORS)
    test(`connecting, by the WebSocket of ${of}: ${what}, it comes again, and what was sent meanwhile is answered`, async () => {
      const { client, server, clock, states, errors } = await victim(
        { door: (index) => (index < 3 ? door : 'open'), heard: kind },
        { timeoutMs: MINUTE, ...options },
      )
      const sent = outcomeOf(client.send('echo', 'patient'))
      for (let knocks = 1; knocks <= 3; knocks++) {
        await server.untilKnocks(knocks)
        if (waitMs > 0) {
          await aWhile()
          is(server.knocks(), knocks)
          clock.advance(waitMs)
        }
      }
      is(await sent, 'patient')
      equal([server.knocks(), states], [4, ['connecting', 'open']])
      // That of Node 24 asks a second time by itself where it is refused with 401.
      ok(errors.length >= 1)
    })

for (const subprotocol of [undefined, 'other'])
  test(`connecting: answered by ${subprotocol ? 'a subprotocol that was not offered' : 'no subprotocol'} it comes again`, async () => {
    const { client, server } = await victim(
      { door: (index) => (index === 0 ? { subprotocol } : 'open'), heard: kind },
      { protocols: ['mine'] },
    )
    is(await outcomeOf(client.send('echo', 1)), 1)
    is(server.knocks(), 2)
  })

/** Ways in which a connection ends. */
const DEATHS: readonly (readonly [what: string, die: (one: Victim) => void])[] = [
  ['is cut', ({ kill }) => kill()],
  ['is closed with 1000', ({ close }) => close(1000)],
  ['is closed without a code', ({ close }) => close()],
  ['is closed with 1001', ({ close }) => close(1001, 'Going away')],
  ['is closed with 1008', ({ close }) => close(1008)],
  ['is closed with 1011', ({ close }) => close(1011, 'x'.repeat(123))],
  ['is closed with 4000', ({ close }) => close(4000)],
  [
    'is told goodbye for now',
    ({ say, close }) => {
      say({ event: '$bye', data: { code: 'UNAVAILABLE', message: 'Come again.' } })
      close(1000)
    },
  ],
]

for (const [what, die] of DEATHS) {
  test(`making ready: one that ${what} has its message LOST, and the next one is made ready from the start`, async () => {
    const outcomes: unknown[] = []
    const { client, server, states, until } = await victim(
      {
        heard: (one, asked) => (one.index === 0 && asked.action === 'auth' ? die(one) : kind(one, asked)),
      },
      {
        onReady: async ({ send, recovered }) => {
          const sent = send('auth', recovered)
          outcomes.push(await outcomeOf(sent))
          await sent
        },
      },
    )
    is(await outcomeOf(client.send('echo', 'after')), 'after')
    await until('two outcomes', () => outcomes.length > 1)
    equal([new Set(outcomes), states, server.knocks()], [new Set(['LOST', false]), ['connecting', 'open'], 2])
    equal(said(await server.victim(0), 'echo'), [])
    equal(
      (await server.victim(1)).heard.map(({ action }) => action),
      ['auth', 'echo'],
    )
  })

  test(`making ready: one that ${what} while onReady is elsewhere lets it say nothing more`, async () => {
    const begun = latch()
    const elsewhere = latch()
    let runs = 0
    const outcomes: unknown[] = []
    const { client, server, errors, until } = await victim(
      { heard: kind },
      {
        onReady: async ({ send }) => {
          if (runs++ > 0) return
          begun.open()
          await elsewhere.passed
          outcomes.push(await outcomeOf(send('auth')))
        },
      },
    )
    await begun.passed
    const first = await server.victim(0)
    die(first)
    // It is told to onError that the connection was lost, however long onReady takes.
    await until('the end of the connection', () => errors.length > 0)
    elsewhere.open()
    is(await outcomeOf(client.send('echo', 'after')), 'after')
    await until('an outcome', () => outcomes.length > 0)
    equal([outcomes, said(await server.victim(0), 'auth')], [['LOST'], []])
    is(server.knocks(), 2)
  })

  test(`open: one that ${what} is replaced, and what had not left leaves on the next one, in its order`, async () => {
    const { client, server, states, untilState } = await victim({
      heard: (one, asked) => (asked.action === 'slow' ? die(one) : kind(one, asked)),
    })
    is(await outcomeOf(client.send('echo', 'a')), 'a')
    const lost = outcomeOf(client.send('slow'))
    is(await lost, 'LOST')
    const answers = Promise.all(['b', 'c', 'd'].map((data) => outcomeOf(client.send('echo', data))))
    equal(await answers, ['b', 'c', 'd'])
    await untilState('open')
    equal(said(await server.victim(1), 'echo'), ['b', 'c', 'd'])
    equal([states, server.knocks()], [['connecting', 'open', 'waiting', 'open'], 2])
  })

  test(`open: with resend 'always' what was on its way when it ${what} is sent again, with the same id`, async () => {
    const { client, server } = await victim(
      { heard: (one, asked) => one.index > 0 && kind(one, asked) },
      { resend: 'always' },
    )
    const answers = [outcomeOf(client.send('echo', 'a')), outcomeOf(client.send('slow', 'b'))]
    const first = await server.victim(0)
    await first.hear('slow')
    die(first)
    equal(await Promise.all(answers), ['a', 'b'])
    const idsOf = ({ heard }: Victim) => heard.map(({ action, id }) => `${action} ${id}`)
    equal(idsOf(await server.victim(1)), idsOf(first))
  })

  test(`open: with resend 'never' what was on its way when it ${what} is LOST`, async () => {
    const { client, server } = await victim(
      { heard: (one, asked) => one.index > 0 && kind(one, asked) },
      { resend: 'never' },
    )
    const lost = outcomeOf(client.send('echo', 'a'))
    const first = await server.victim(0)
    await first.hear('echo')
    die(first)
    is(await lost, 'LOST')
    is(await outcomeOf(client.send('echo', 'b')), 'b')
    equal(said(await server.victim(1), 'echo'), ['b'])
  })

  test(`rolling over: when the new one ${what} the old one stays in service`, async () => {
    const { client, server, clock, states, roll } = await victim(
      { opened: (one) => one.index === 1 && die(one), heard: kind },
      { ...ROLLING, onReady: ({ send }) => send('auth').then(() => {}) },
    )
    is(await outcomeOf(client.send('echo', 'old')), 'old')
    await roll()
    await (await server.victim(1)).gone
    is(await outcomeOf(client.send('echo', 'still old')), 'still old')
    equal(said(await server.victim(0), 'echo'), ['old', 'still old'])
    await aWhile()
    is(server.knocks(), 2)
    clock.advance(10_000)
    await server.victim(2)
    await (await server.victim(2)).hear('auth')
    equal(states, ['connecting', 'open'])
  })

  test(`rolling over: when the old one ${what} what is sent waits for the new one, and none is dialled besides`, async () => {
    const door = latch()
    const { client, server, roll, untilState } = await victim(
      {
        door: (index) => (index === 1 ? door.passed.then(() => 'open' as const) : 'open'),
        heard: kind,
      },
      ROLLING,
    )
    is(await outcomeOf(client.send('echo', 'old')), 'old')
    await roll()
    await server.untilKnocks(2)
    const old = await server.victim(0)
    die(old)
    await untilState('waiting')
    const sent = outcomeOf(client.send('echo', 'new'))
    await aWhile()
    is(server.knocks(), 2)
    door.open()
    is(await sent, 'new')
    equal(said(await server.victim(1), 'echo'), ['new'])
    is(server.knocks(), 2)
  })

  test(`rolling over: when each ${what}, there is a third`, async () => {
    const { client, server, roll } = await victim(
      {
        heard: (one, asked) => {
          if (one.index !== 1) return kind(one, asked)
          if (asked.action !== 'auth') return
          die(one)
          void server.victim(0).then(die)
        },
      },
      { ...ROLLING, onReady: ({ send }) => send('auth').then(() => {}) },
    )
    is(await outcomeOf(client.send('echo', 'first')), 'first')
    await roll()
    await (await server.victim(1)).gone
    await (await server.victim(0)).gone
    is(await outcomeOf(client.send('echo', 'third')), 'third')
    equal(said(await server.victim(2), 'echo'), ['third'])
  })
}

const ROLLING: Options = { rolloverMs: MINUTE }

test('rolling over: a new one that is never let in costs nothing but a minute, and the old one serves', async () => {
  const { client, server, clock, states, roll } = await victim(
    { door: (index) => (index === 1 ? 'never' : 'open'), heard: kind },
    ROLLING,
  )
  is(await outcomeOf(client.send('echo', 'a')), 'a')
  await roll()
  await server.untilKnocks(2)
  is(await outcomeOf(client.send('echo', 'b')), 'b')
  clock.advance(10_000)
  is(await outcomeOf(client.send('echo', 'c')), 'c')
  await aWhile()
  clock.advance(10_000)
  await server.untilKnocks(3)
  is(await outcomeOf(client.send('echo', 'd')), 'd')
  is(states.includes('waiting'), false)
})

test('waiting: refused again and again it goes on, and is open when it is let in', async () => {
  const { client, server, states, untilState } = await victim({
    door: (index) => (index === 0 || index > 20 ? 'open' : (([503, 'cut', 'garbage', 429] as const)[index % 4] ?? 503)),
    heard: kind,
  })
  is(await outcomeOf(client.send('echo', 'a')), 'a')
  const first = await server.victim(0)
  first.kill()
  await untilState('waiting')
  is(await outcomeOf(client.send('echo', 'b')), 'b')
  equal([server.knocks(), states], [22, ['connecting', 'open', 'waiting', 'open']])
})

test('fifty deaths in a row, each with a message on its way: every message is answered or LOST, and none is said twice', async () => {
  const heard: Said[] = []
  const { client, server } = await victim({
    heard: (one, asked) => {
      heard.push(asked)
      if (one.index < 50 && asked.data === one.index) one.kill()
      else reply(one, asked, asked.data)
    },
  })
  const outcomes: unknown[] = []
  while (outcomes.filter((outcome) => outcome === 'LOST').length < 50)
    outcomes.push(await outcomeOf(client.send('echo', server.knocks() - 1)))
  is(await outcomeOf(client.send('echo', 'after')), 'after')
  is(new Set(heard.map(({ id }) => id)).size, heard.length)
})

test('a farewell for good closes it, with the words of the server, and it never comes again', async () => {
  const { client, server, states, untilState } = await victim({ heard: kind })
  is(await outcomeOf(client.send('echo', 1)), 1)
  const one = await server.victim(0)
  one.say({ event: '$bye', data: { code: 'PERMISSION_DENIED', message: 'You were banned.' } })
  one.close(1000)
  await untilState('closed')
  equal(client.farewell, { code: 'PERMISSION_DENIED', message: 'You were banned.' })
  is(await outcomeOf(client.send('echo', 2)), 'CLOSED')
  await aWhile()
  equal([server.knocks(), states], [1, ['connecting', 'open', 'closed']])
})

test('a refusal and a goodbye in one breath: the refusal is heard', async () => {
  const { client } = await victim({
    heard: (one, { action, id }) => {
      one.say({ action, id, error: { code: 'UNAUTHENTICATED', message: 'Your token is over.' } })
      one.say({ event: '$bye', data: { code: 'UNAUTHENTICATED', message: 'Your token is over.' } })
      one.close(1000)
    },
  })
  is(await outcomeOf(client.send('echo')), 'UNAUTHENTICATED')
})

test('an answer and a close in one breath: the answer is heard', async () => {
  const { client, server } = await victim({
    heard: (one, asked) => {
      reply(one, asked, asked.data)
      one.close(1000)
    },
  })
  is(await outcomeOf(client.send('echo', 'a')), 'a')
  await server.victim(1)
})

test('one that dies half made ready is no state to go on with: the next one is made ready from the start', async () => {
  const runs: boolean[] = []
  const { client, server } = await victim(
    {
      heard: (one, asked) => {
        if (one.index === 0 && asked.action === 'slow') return one.kill()
        kind(one, asked)
        if (asked.action === 'auth') one.say({ event: '$resume', data: { token: `of ${one.index}`, windowMs: MINUTE } })
      },
    },
    {
      onReady: async ({ send, recovered }) => {
        runs.push(recovered)
        if (recovered) return
        await send('auth')
        await send('slow')
      },
    },
  )
  is(await outcomeOf(client.send('echo', 'ready')), 'ready')
  equal(runs, [false, false])
  equal(
    (await server.victim(1)).heard.map(({ action }) => action),
    ['auth', 'slow', 'echo'],
  )
})

test('a token that cannot be had is asked for again', async () => {
  let asked = 0
  const { client, errors } = await victim(
    { heard: kind },
    {
      token: async () => {
        if (++asked < 4) throw new Error('no network')
        return 'token'
      },
    },
  )
  is(await outcomeOf(client.send('echo', 1)), 1)
  equal([asked, errors.length], [4, 3])
})

test.run()
