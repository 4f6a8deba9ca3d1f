import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { connect } from 'ws-interlock/client'
import { token } from 'ws-interlock/guard'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock } from 'ws-interlock/testing'
import { follow } from '../../lib/client/follow.ts'
import { makePushes } from '../../lib/client/pushes.ts'
import { desk } from './desk.ts'
import { begin, outcome, warmClient } from './kit.ts'

const test = suite('client: options, ends of tokens, and loops that are left')
test.before(warmClient)

const START = Date.UTC(2026, 0, 1)
const SECOND = 1_000
const MINUTE = 60_000
const NEVER = Number.POSITIVE_INFINITY
const LONGEST_MS = 2 ** 31 - 1

/** What a client says of its options; `undefined` where it stays open. */
const verdict = async (options: object, path = '') => {
  const { client, end, settle, errors } = begin(desk().app, options, { path })
  await settle()
  const { farewell, state } = client
  await end()
  return { farewell: state === 'closed' ? farewell : undefined, errors }
}

const TIME = `a number of milliseconds from 1 to ${LONGEST_MS}`
const TOKENS = 'protocols is a list of subprotocols, each one once, and of letters, digits and signs'
const WRONG: readonly (readonly [options: object, sentence: string])[] = [
  [{ timeoutMs: 0 }, `connect: timeoutMs is ${TIME}, and not 0.`],
  [{ timeoutMs: Number.NaN }, `connect: timeoutMs is ${TIME}, and not NaN.`],
  [{ timeoutMs: NEVER }, `connect: timeoutMs is ${TIME}, and not Infinity.`],
  [{ openMs: LONGEST_MS + 1 }, `connect: openMs is ${TIME}, and not 2147483648.`],
  [{ openMs: '5' }, `connect: openMs is ${TIME}, and not "5".`],
  [{ lingerMs: -1 }, `connect: lingerMs is a number of milliseconds from 0 to ${LONGEST_MS}, and not -1.`],
  [{ lingerMs: NEVER }, 'lingerMs'],
  [{ heartbeatMs: 0 }, `connect: heartbeatMs is ${TIME}, or Infinity, and not 0.`],
  [{ rolloverMs: LONGEST_MS + 1 }, `connect: rolloverMs is ${TIME}, or Infinity, and not 2147483648.`],
  [{ maxQueue: -1 }, 'connect: maxQueue is a number from 0 up, and not -1.'],
  [{ maxQueue: 10n }, 'connect: maxQueue is a number from 0 up, and not what is there, of type bigint.'],
  [{ reconnect: { baseMs: 0 } }, `connect: reconnect.baseMs is ${TIME}, and not 0.`],
  [{ reconnect: { maxMs: NEVER } }, `connect: reconnect.maxMs is ${TIME}, and not Infinity.`],
  [{ reconnect: { attempts: -1 } }, 'connect: reconnect.attempts is a number from 0 up, and not -1.'],
  [{ reconnect: { tries: 3 } }, "connect: there is no option 'reconnect.tries'. There are baseMs, maxMs, attempts."],
  [{ reconnect: 5 }, 'connect: reconnect is { baseMs, maxMs, attempts }, and not 5.'],
  [{ toString: 1 }, "connect: there is no option 'toString'. There are WebSocket, "],
  [{ protocols: 'chat' }, TOKENS],
  [{ protocols: ['a b'] }, TOKENS],
  [{ protocols: ['a,b'] }, TOKENS],
  [{ protocols: [''] }, TOKENS],
  [{ protocols: ['tea', 'tea'] }, TOKENS],
]

for (const [options, sentence] of WRONG)
  test(`it is closed with a sentence, which onError hears: ${sentence}`, async () => {
    const { farewell, errors } = await verdict(options)
    assert.is(farewell?.code, 'INVALID_ARGUMENT')
    assert.ok(farewell?.message.includes(sentence), farewell?.message)
    const told = errors.filter((error) => error instanceof TypeError).map(({ message }) => message)
    assert.ok(told.includes(farewell?.message ?? ''), String(errors))
  })

const RIGHT: readonly object[] = [
  { timeoutMs: LONGEST_MS, openMs: 1, lingerMs: 0 },
  { heartbeatMs: NEVER, rolloverMs: NEVER, maxQueue: NEVER, reconnect: { attempts: NEVER } },
  { maxQueue: 0, reconnect: { attempts: 0, baseMs: 1, maxMs: 1 } },
  { protocols: ['tea', "!#$%&'*+-.^_`|~09AZaz"] },
]
for (const options of RIGHT)
  test(`these are options: ${JSON.stringify(options)}`, async () => {
    assert.is((await verdict(options)).farewell, undefined)
  })

test('an option that is undefined is as one that is not there, inside of reconnect too', async () => {
  const names = ['protocols', 'codec', 'order', 'token', 'tokenBy', 'timeoutMs', 'heartbeatMs', 'rolloverMs', 'random']
  const options = Object.fromEntries([...names, 'reconnect', 'resend', 'pipeline'].map((name) => [name, undefined]))
  assert.equal(await verdict(options), { farewell: undefined, errors: [] })
  assert.equal(await verdict({ reconnect: { baseMs: undefined } }), { farewell: undefined, errors: [] })
})

test('onError hears what is wrong before the client is closed', async () => {
  const states: string[] = []
  const begun = begin(desk().app, {
    maxQueue: -1,
    onError: () => void states.push(begun.client.state),
  })
  await begun.settle()
  assert.is(begun.client.state, 'closed')
  assert.ok(states.length > 0 && !states.includes('closed'), String(states))
  await begun.end()
})

test('a URL with a fragment, and one that is none, are told in a sentence', async () => {
  const fragment = await verdict({}, '#top')
  assert.match(fragment.farewell?.message ?? '', "#top' has a '#', and the URL of a WebSocket has none.")
  const { app } = desk()
  const { gateway, end } = begin(app)
  const { WebSocket } = gateway
  const heard: string[] = []
  const client = connect<typeof app>('wss://[tea', { WebSocket, onError: (error) => heard.push(String(error)) })
  assert.is((await outcome(client.send('echo', 1))).error?.code, 'CLOSED')
  assert.is(client.farewell?.message, "connect: 'wss://[tea' cannot be read as a URL.")
  assert.ok(heard.includes("TypeError: connect: 'wss://[tea' cannot be read as a URL."), String(heard))
  await end()
})

/** A clock for a gateway, and the same for its client, of whose timers it knows how many run. */
const twoClocks = () => {
  const clock = fakeClock()
  const running = new Set<unknown>()
  const own = {
    now: clock.now,
    setTimeout: (run: () => void, ms: number) => {
      const timer = clock.setTimeout(() => {
        running.delete(timer)
        run()
      }, ms)
      running.add(timer)
      return timer
    },
    clearTimeout: (timer: never) => {
      running.delete(timer)
      clock.clearTimeout(timer)
    },
  }
  return { clock, own, running }
}

test('heartbeatMs and rolloverMs of Infinity are never', async () => {
  const { clock, own, running } = twoClocks()
  const options = { clock: own, heartbeatMs: NEVER, rolloverMs: NEVER }
  const { client, end, pass, sent, dialled } = begin(desk().app, options, { clock })
  await client.send('echo', 1)
  await pass(9 * MINUTE)
  assert.equal([running.size, sent('$ping').length, dialled.length, client.state], [0, 0, 1, 'open'])
  await end()
})

/** `ann/90` is a token of ann's that ends 90 seconds after the start. */
const bank = () =>
  ws({ warn: () => {} })
    .store(memory())
    .use(
      token({
        verify: (shown) => {
          const [userId = '', seconds] = shown.split('/')
          return { userId, ...(seconds !== undefined && { expiresAt: START + Number(seconds) * SECOND }) }
        },
        leadMs: 0,
      }),
    )
    .onConnect(() => accept())
    .on('who', v.undefined(), ({ connection }) => connection.userId ?? null)
    .onError(() => {})
    .build()

const timesOf = (sent: readonly { readonly at: number }[]) => sent.map(({ at }) => (at - START) / SECOND)

test('a token that lives under two minutes is replaced at half of what is left, again and again', async () => {
  const clock = fakeClock()
  const next = () => {
    const seconds = (clock.now() - START) / SECOND + 60
    return { token: `ann/${seconds}`, expiresAt: START + seconds * SECOND }
  }
  const { client, end, pass, sent, dialled, errors } = begin(bank(), { token: next }, { clock })
  assert.is(await client.send('who'), 'ann')
  await pass(5 * MINUTE + SECOND)
  assert.equal(timesOf(sent('$token')), [30, 60, 90, 120, 150, 180, 210, 240, 270, 300])
  assert.is(await client.send('who'), 'ann')
  assert.equal([dialled.length, errors], [1, []])
  await end()
})

test('one that is over soon is asked for once in a second at most', async () => {
  // The end stands: half of what is left gets less and less.
  const { client, end, pass, sent } = begin(bank(), { token: () => ({ token: 'ann', expiresAt: START + 8 * SECOND }) })
  await client.send('who')
  await pass(10 * SECOND)
  assert.equal(timesOf(sent('$token')), [4, 6, 7, 8, 9, 10])
  await end()
})

test('where token() gives text alone the answer of the server says when the next one is due', async () => {
  const tokens = ['ann/300', 'ann/400', 'ann/1000', 'ann/2000']
  let first = true
  const { client, end, pass, sent, dialled } = begin(bank(), {
    token: () => {
      const next = tokens.shift() ?? 'none'
      if (!first) return next
      first = false
      return { token: next, expiresAt: START + 300 * SECOND }
    },
  })
  await client.send('who')
  await pass(16 * MINUTE)
  assert.equal(timesOf(sent('$token')), [240, 340, 940])
  assert.is(await client.send('who'), 'ann')
  assert.is(dialled.length, 1)
  await end()
})

test('a token() that gives nothing in time is an attempt that failed, and is asked again', async () => {
  let asked = 0
  const { client, end, pass, errors, dialled } = begin(bank(), {
    timeoutMs: 5 * SECOND,
    token: () => (asked++ === 0 ? new Promise<string>(() => {}) : 'ann'),
  })
  await pass(4_999)
  assert.equal([asked, errors], [1, []])
  await pass(10 * SECOND)
  assert.equal(errors.map(String), ['Error: connect: token() gave nothing in 5000 ms.'])
  assert.is(await client.send('who'), 'ann')
  assert.equal([asked, dialled.length], [2, 1])
  await end()
})

test('what is no token is told in a sentence, without the token', async () => {
  const given: unknown[] = [{ token: 5 }, null, 7, {}, undefined, 'ann']
  const { client, end, pass, errors } = begin(bank(), { token: () => given.shift() as string })
  await pass(MINUTE)
  const sentence = 'TypeError: connect: token() gives a text, or { token, expiresAt } with a text, and not'
  assert.equal(errors.map(String), [
    `${sentence} an object whose token is number.`,
    `${sentence} null.`,
    `${sentence} number.`,
    `${sentence} an object whose token is undefined.`,
    `${sentence} undefined.`,
  ])
  assert.is(await client.send('who'), 'ann')
  await end()
})

test('a token() that was in time leaves no timer behind', async () => {
  const { clock, own, running } = twoClocks()
  const options = { token: () => 'ann', clock: own, heartbeatMs: NEVER, rolloverMs: NEVER }
  const { client, end, pass } = begin(bank(), options, { clock })
  await client.send('who')
  await pass(0)
  assert.is(running.size, 0)
  await end()
})

test('a loop that is left before its first value hears no more', async () => {
  const { client, end } = begin(desk().app)
  const loop = client.pushes('said')
  assert.equal(await loop.return?.(), { done: true, value: undefined })
  await client.send('say', 2)
  assert.equal(await loop.next(), { done: true, value: undefined })
  await end()
})

test('it stops listening then, once, and nothing waits for the end of the client', async () => {
  const pushes = makePushes(
    () => {},
    () => false,
  )
  const stopped: string[] = []
  const on: typeof pushes.on = (event, listener) => {
    const stop = pushes.on(event, listener)
    return () => {
      stopped.push(event)
      stop()
    }
  }
  const { loop, end } = follow({ ...pushes, on }, 'said', [])
  assert.is(pushes.ends.size, 1)
  await loop.return(undefined)
  assert.equal([stopped, pushes.ends.size], [['said'], 0])
  await loop.return(undefined)
  end()
  assert.equal(stopped, ['said'])
})

test('a stream that is left before its first step aborts its message', async () => {
  const { client, end, settle, errors } = begin(desk().app)
  const stream = client.stream('slow')
  const reply = outcome(stream.reply)
  await stream.return?.()
  await settle()
  assert.is((await reply).error?.name, 'AbortError')
  assert.equal(await stream.next(), { done: true, value: undefined })
  assert.equal(errors, [])
  await end()
})

test('a loop that is left while it waits ends, for all who wait', async () => {
  const { client, end, settle } = begin(desk().app)
  const loop = client.pushes('said')
  const waiting = [loop.next(), loop.next()]
  await settle()
  await loop.return?.()
  const done = { done: true, value: undefined }
  assert.equal(await Promise.all(waiting), [done, done])
  await end()
})

test('a stream that is left while it waits aborts its message, and whoever waits is through', async () => {
  const { client, end, settle } = begin(desk().app)
  const stream = client.stream('slow')
  const reply = outcome(stream.reply)
  assert.is((await stream.next()).value, 1)
  const waiting = stream.next()
  await settle()
  await stream.return?.()
  assert.equal(await waiting, { done: true, value: undefined })
  assert.is((await reply).error?.name, 'AbortError')
  await end()
})

test('those who wait side by side get the values in turn', async () => {
  const { client, end, settle } = begin(desk().app)
  const loop = client.pushes('said')
  const waiting = [loop.next(), loop.next(), loop.next()]
  await settle()
  await client.send('say', 3)
  assert.equal(
    (await Promise.all(waiting)).map(({ value }) => value),
    [1, 2, 3],
  )
  await end()
})

test('a failure is thrown once, after the steps, and then the loop is over', async () => {
  const { client, end, settle } = begin(desk().app)
  const stream = client.stream('report', 4)
  await outcome(stream.reply)
  await settle()
  const taken: unknown[] = []
  for (let step = 0; step < 4; step++) taken.push((await stream.next()).value)
  assert.equal(taken, [1, 2, 3, 4])
  assert.is((await outcome(stream.next())).error?.name, 'RemoteError')
  assert.equal(await stream.next(), { done: true, value: undefined })
  await end()
})

test('a loop is done with its signal when it is over, once, whether or not anybody looped', async () => {
  const { client, end, settle } = begin(desk().app)
  for (const leave of [true, false]) {
    const { signal } = new AbortController()
    const counts = { add: 0, remove: 0 }
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...given: Parameters<typeof add>) => {
      counts.add++
      add(...given)
    }
    signal.removeEventListener = (...given: Parameters<typeof remove>) => {
      counts.remove++
      remove(...given)
    }
    const stream = client.stream('report', 1, { signal })
    assert.is(await stream.reply, 'done')
    if (leave) for (let twice = 0; twice < 2; twice++) await stream.return?.()
    await settle()
    assert.equal(counts, { add: 1, remove: 1 }, `left: ${leave}`)
  }
  await end()
})

test('a slow loop has the last 1,000 steps', async () => {
  const { client, end } = begin(desk().app)
  const loop = client.pushes('said')
  await client.send('say', 1_003)
  assert.is((await loop.next()).value, 4)
  await end()
})

test.run()
