import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { type TokenOptions, token } from 'ws-interlock/guard'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock } from 'ws-interlock/testing'
import { begin, outcome, warmClient } from './kit.ts'
import { seatMachine } from './seat.ts'

const test = suite('client: tokens')
test.before(warmClient)

const START = Date.UTC(2026, 0, 1)
const MINUTE = 60_000

interface Who {
  readonly userId: string
  readonly expiresAt?: number
}

/** `ann/300` is a token of ann's that ends 300 seconds after the start, and `ann` one without an end. */
const verify = (shown: string): Who => {
  const [userId = '', seconds] = shown.split('/')
  if (userId === 'forged') throw new Error('It is forged.')
  return { userId, ...(seconds !== undefined && { expiresAt: START + Number(seconds) * 1_000 }) }
}
const bearer = (shown: string) => `bearer.${Buffer.from(shown).toString('base64url')}`

const bank = (options: Partial<TokenOptions<Who>> = {}) => {
  const verified: string[] = []
  const app = ws({ warn: () => {} })
    .store(memory())
    .use(
      token({
        verify: (shown) => {
          verified.push(shown)
          return verify(shown)
        },
        ...options,
      }),
    )
    .onConnect(() => accept())
    .on('who', v.undefined(), ({ connection }) => connection.userId ?? null)
    .onError(() => {})
    .build()
  return { app, verified }
}

/** The same under a protocol, where somebody looks when a time is over. */
const vault = () => {
  const client = { send: async () => Promise.reject(new Error('the queue was called')) }
  const deadlines = sqsDeadlines({ client, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/deadlines' })
  return ws({ warn: () => {} })
    .store(memory())
    .protocol(seatMachine, { resume: resume({ secret: 'x'.repeat(32) }), deadlines })
    .use(token({ verify, optional: true }))
    .onConnect(() => accept())
    .on('enter', v.undefined(), () => {})
    .on('leave', v.undefined(), () => {})
    .on('say', v.object({ n: v.number() }), ({ data }) => data.n)
    .on('peek', v.undefined(), ({ connection, snapshot }) => [connection.userId ?? null, snapshot.value])
    .onError(() => {})
    .build()
}

test('a token travels as a subprotocol, of any letters, and what is answered is never the token', async () => {
  const { app, verified } = bank()
  const { client, end, dialled, socket } = begin(app, { token: () => 'ann ü €?>' })
  assert.is(await client.send('who'), 'ann ü €?>')
  assert.equal(dialled[0]?.protocols, ['ws-interlock', bearer('ann ü €?>')])
  assert.equal([socket().protocol, dialled[0]?.url, verified], ['ws-interlock', 'ws://test/dev', ['ann ü €?>']])
  await end()
})

test('tokenBy: query puts it into the URL, beside what stands there', async () => {
  const { app } = bank()
  const { client, end, dialled } = begin(app, { token: async () => 'ann&b', tokenBy: 'query' }, { path: '?room=tea' })
  assert.is(await client.send('who'), 'ann&b')
  assert.is(dialled[0]?.url, 'ws://test/dev?room=tea&token=ann%26b')
  assert.equal(dialled[0]?.protocols, ['ws-interlock'])
  await end()
})

test('tokenBy: message sends it first, before onReady', async () => {
  const { app } = bank({ optional: true })
  const seenBy: unknown[] = []
  const { client, end, seen, dialled } = begin(app, {
    token: () => 'ann',
    tokenBy: 'message',
    onReady: async ({ send }) => {
      seenBy.push(await send('who'))
    },
  })
  assert.is(await client.send('who'), 'ann')
  assert.equal(
    seen.filter(({ isOut }) => isOut).map(({ action }) => action),
    ['$token', 'who', 'who'],
  )
  assert.equal([seenBy, dialled[0]?.protocols, dialled[0]?.url], [['ann'], ['ws-interlock'], 'ws://test/dev'])
  await end()
})

test('with a protocol the token comes before the takeover, and the takeover has it', async () => {
  const recovered: boolean[] = []
  const { client, end, pass, seen, socket } = begin(vault(), {
    protocol: seatMachine,
    token: () => 'ann',
    tokenBy: 'message',
    onReady: async ({ send, recovered: was }) => {
      recovered.push(was)
      if (!was) await send('enter')
    },
  })
  assert.equal(await client.send('peek'), ['ann', 'inside'])
  socket().vanish()
  await pass(1_000)
  assert.equal(await client.send('peek'), ['ann', 'inside'])
  assert.equal(
    seen.filter(({ isOut }) => isOut).map(({ action }) => action),
    ['$token', 'enter', 'peek', '$token', '$resume', 'peek'],
  )
  assert.equal(recovered, [false, true])
  await end()
})

test('what another token is refused with is told to onError, and the next attempt asks for the next token', async () => {
  const { app, verified } = bank()
  const tokens = ['forged', 'forged', 'ann']
  const { client, end, pass, errors } = begin(app, { token: () => tokens.shift() ?? 'none' })
  const who = client.send('who')
  await pass(5_000)
  assert.is(await who, 'ann')
  assert.equal([verified, errors.length], [['forged', 'forged', 'ann'], 2])
  await end()
})

test('a refused $token of tokenBy: message is an attempt that failed', async () => {
  const { app } = bank({ optional: true })
  const tokens = ['forged', 'ann']
  const { client, end, pass, errors, dialled } = begin(app, { token: () => tokens.shift() ?? '', tokenBy: 'message' })
  const who = client.send('who')
  await pass(5_000)
  assert.is(await who, 'ann')
  assert.equal([errors.map((error) => Object(error).code), dialled.length], [['UNAUTHENTICATED'], 2])
  await end()
})

test('a token() that fails is told to onError, and asked again', async () => {
  const { app } = bank()
  let asked = 0
  const { client, end, pass, errors, dialled } = begin(app, {
    token: async () => {
      if (asked++ === 0) throw new Error('The identity provider is down.')
      return 'ann'
    },
  })
  const who = client.send('who')
  await pass(5_000)
  assert.is(await who, 'ann')
  assert.equal([errors.map(String), dialled.length], [['Error: The identity provider is down.'], 1])
  await end()
})

test('a minute before its end the next one is brought, on the same connection', async () => {
  const { app } = bank()
  let ends = 0
  const { client, end, pass, dialled, states, sent } = begin(app, {
    token: () => {
      ends += 300
      return { token: `ann/${ends}`, expiresAt: START + ends * 1_000 }
    },
  })
  assert.is(await client.send('who'), 'ann')
  await pass(4 * MINUTE - 1_000)
  assert.is(sent('$token').length, 0)
  await pass(2_000)
  assert.equal(
    sent('$token').map(({ data }) => data),
    [{ token: 'ann/600' }],
  )
  assert.equal([dialled.length, states], [1, ['open']])
  await end()
})

test('where both know the end the next one is brought once, whoever of them thought of it first', async () => {
  const { app, verified } = bank({ leadMs: 150_000 })
  const clock = fakeClock()
  const next = () => (clock.now() - START) / 1_000 + 300
  const { client, end, pass, dialled, states } = begin(
    app,
    { token: () => ({ token: `ann/${next()}`, expiresAt: START + next() * 1_000 }) },
    { clock },
  )
  for (let minute = 0; minute < 60; minute++) {
    await pass(MINUTE)
    assert.is(await client.send('who'), 'ann')
  }
  await pass(0)
  assert.equal([dialled.length, states], [1, ['open']])
  // Asked for with the first message of the second half of its time.
  assert.equal(
    verified,
    Array.from({ length: 21 }, (_, index) => `ann/${300 + 180 * index}`),
  )
  await end()
})

test('the server asks for the next one where the client does not know the end', async () => {
  const { app, verified } = bank()
  const tokens = ['ann/300', 'ann/900']
  const { client, end, pass, seen, dialled, states } = begin(app, { token: () => tokens.shift() ?? 'none' })
  await client.send('who')
  await pass(4 * MINUTE + 30_000)
  // It is asked for with the next message.
  assert.is(await client.send('who'), 'ann')
  await pass(0)
  assert.equal([verified, seen.filter(({ event }) => event === '$token').length], [['ann/300', 'ann/900'], 1])
  await pass(5 * MINUTE)
  assert.is(await client.send('who'), 'ann')
  assert.equal([dialled.length, states], [1, ['open']])
  await end()
})

test('a silent client is asked where somebody looks at the time', async () => {
  const tokens = ['ann/300', 'ann/900']
  const { client, end, pass, seen, dialled, states } = begin(vault(), {
    protocol: seatMachine,
    token: () => tokens.shift() ?? 'none',
  })
  await client.send('enter')
  await pass(10 * MINUTE)
  assert.is(seen.filter(({ event }) => event === '$token').length, 1)
  assert.equal([dialled.length, states.at(-1)], [1, 'open'])
  assert.equal(await client.send('peek'), ['ann', 'inside'])
  await end()
})

test('one that is over ends the connection, and the next one has the next token', async () => {
  const { app } = bank({ leadMs: 0 })
  const tokens = ['ann/300', 'ann/3000']
  const { client, end, pass, dialled, states } = begin(app, { token: () => tokens.shift() ?? 'none' })
  await client.send('who')
  await pass(6 * MINUTE)
  const first = await outcome(client.send('who'))
  assert.ok(['LOST', 'UNAUTHENTICATED'].includes(first.error?.code ?? ''), first.error?.message)
  await pass(1_000)
  assert.is(await client.send('who'), 'ann')
  assert.equal([dialled.length, states], [2, ['open', 'waiting', 'open']])
  await end()
})

test('the token of another user is refused, and the connection goes on with the one that it has', async () => {
  const { app } = bank()
  const tokens = [
    { token: 'ann/300', expiresAt: START + 5 * MINUTE },
    { token: 'bob/900', expiresAt: START + 15 * MINUTE },
  ]
  const { client, end, pass, errors } = begin(app, { token: () => tokens.shift() ?? 'none' })
  await client.send('who')
  await pass(4 * MINUTE + 1_000)
  assert.equal(
    errors.map((error) => Object(error).code),
    ['PERMISSION_DENIED'],
  )
  assert.is(await client.send('who'), 'ann')
  await end()
})

test('a rollover asks for a token of its own', async () => {
  const { app, verified } = bank()
  let count = 0
  const { client, end, pass, dialled, socket, states } = begin(app, {
    token: () => {
      count++
      return 'ann'
    },
  })
  await client.send('who')
  await app.server.connection(socket().connectionId).goAway()
  await pass(10_000)
  assert.equal([dialled.length, count, verified.length, states], [2, 2, 2, ['open']])
  assert.is(await client.send('who'), 'ann')
  await end()
})

test.run()
