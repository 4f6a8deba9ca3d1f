import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import type { Script } from '../kit/hostile.ts'
import { latch } from '../kit/wire.ts'
import { aWhile, closeAll, kind, loadAll, MINUTE, type Options, outcomeOf, victim } from './victim.ts'

const test = suite('close() in each state of the client')
test.before(loadAll)
test.after.each(closeAll)

type Scene = Awaited<ReturnType<typeof victim>>

/** Closed for good: nobody waits any more, nothing is dialled, whatever time passes, and no timer is left. */
const isOver = async ({ client, server, clock, errors }: Scene) => {
  is(client.state, 'closed')
  is(await outcomeOf(client.send('echo', 'late')), 'CLOSED')
  await aWhile()
  const knocks = server.knocks()
  const words = errors.length
  is(clock.next(), undefined, 'a timer is left')
  clock.advance(3 * 60 * MINUTE)
  await aWhile()
  equal([server.knocks(), errors.length, clock.next(), client.state], [knocks, words, undefined, 'closed'])
}

interface Case {
  readonly script?: Script
  readonly options?: Options
  /** Bring the client into the state. */
  readonly reach: (scene: Scene) => Promise<unknown> | undefined
}

const never = new Promise<never>(() => {})
const auth: Options['onReady'] = ({ send }) => send('auth').then(() => {})

/** Each state, and what is waited for in it. */
const STATES: Readonly<Record<string, Case>> = {
  'in the same turn': { reach: () => undefined },
  'while the token is fetched': { options: { token: () => never }, reach: () => aWhile() },
  'while the handshake is not answered': {
    script: { door: () => 'never' },
    reach: ({ server }) => server.untilKnocks(1),
  },
  'while refused again and again': {
    script: { door: () => 503 },
    reach: ({ server }) => server.untilKnocks(5),
  },
  'before another attempt': {
    script: { door: () => 503 },
    options: { random: () => 0.9 },
    reach: ({ until, clock }) => until('a wait', () => clock.next() !== undefined),
  },
  'while a token is shown as a message': {
    options: { token: () => 'token', tokenBy: 'message' },
    reach: async ({ server }) => (await server.victim(0)).hear('$token'),
  },
  'while it is made ready, with a message on its way': {
    options: { onReady: auth },
    reach: async ({ server }) => (await server.victim(0)).hear('auth'),
  },
  'while it is made ready, by nothing that comes': {
    options: { onReady: () => never },
    reach: async ({ server }) => {
      await server.victim(0)
      await aWhile()
    },
  },
  'open, with nothing on its way': { reach: ({ untilState }) => untilState('open') },
  'open, with a message on its way': {
    reach: async ({ server }) => (await server.victim(0)).hear('slow'),
  },
  'open, with a message that waits to be sent again': {
    script: {
      heard: (one, { action, id }) =>
        one.say({ action, id, error: { code: 'UNAVAILABLE', message: 'Busy.', retryAfterMs: 5_000 } }),
    },
    reach: async ({ server }) => {
      await (await server.victim(0)).hear('slow')
      await aWhile()
    },
  },
  'while the connection has been silent, and a heartbeat is on its way': {
    options: { heartbeatMs: MINUTE },
    reach: async ({ untilState, roll, server }) => {
      await untilState('open')
      await roll()
      await (await server.victim(0)).hear('$ping')
    },
  },
  'rolling over, while the new one is not let in': {
    script: { door: (index) => (index === 0 ? 'open' : 'never') },
    options: { rolloverMs: MINUTE },
    reach: async ({ untilState, roll, server }) => {
      await untilState('open')
      await roll()
      await server.untilKnocks(2)
    },
  },
  'rolling over, while the new one is made ready': {
    script: { heard: (one, asked) => one.index === 0 && asked.action === 'auth' && kind(one, asked) },
    options: { rolloverMs: MINUTE, onReady: auth },
    reach: async ({ untilState, roll, server }) => {
      await untilState('open')
      await roll()
      await (await server.victim(1)).hear('auth')
    },
  },
  'rolled over, while the old one is listened to': {
    options: { rolloverMs: MINUTE },
    reach: async ({ untilState, roll, server }) => {
      await untilState('open')
      await roll()
      await server.victim(1)
      await aWhile()
    },
  },
  'while it resumes on another connection': {
    script: {
      heard: (one, asked) => {
        if (asked.action !== 'echo') return
        kind(one, asked)
        one.say({ event: '$resume', data: { token: 'token', windowMs: MINUTE } })
      },
    },
    reach: async ({ client, server }) => {
      const heard = client.once('told')
      await client.send('echo')
      const first = await server.victim(0)
      // Once this is heard, so is the offer before it.
      first.say({ event: 'told' })
      await heard
      first.kill()
      await (await server.victim(1)).hear('$resume')
    },
  },
  'waiting, after the connection was lost': {
    script: { door: (index) => (index === 0 ? 'open' : 'never') },
    options: { resend: 'always' },
    reach: async ({ server, untilState }) => {
      await untilState('open')
      const first = await server.victim(0)
      first.kill()
      await untilState('waiting')
    },
  },
  'while the socket is dead, and answers no close': {
    reach: async ({ untilState, server }) => {
      await untilState('open')
      const first = await server.victim(0)
      first.stall()
    },
  },
}

for (const [where, { script, options, reach }] of Object.entries(STATES))
  test(`${where}: what waits is CLOSED, loops end, and nothing happens any more`, async () => {
    const scene = await victim(script, { timeoutMs: 10 * MINUTE, ...options })
    const { client } = scene
    const waiting = [outcomeOf(client.send('slow', 1)), outcomeOf(client.send('slow', 2))]
    const next = outcomeOf(client.once('said'))
    const loop = (async () => {
      const heard: unknown[] = []
      for await (const data of client.pushes('said')) heard.push(data)
      return heard
    })()
    await reach(scene)
    client.close()
    client.close()
    is(client.state, 'closed')
    equal(await Promise.all(waiting), ['CLOSED', 'CLOSED'])
    is(await next, 'CLOSED')
    equal(await loop, [])
    await isOver(scene)
  })

test('the server sees every connection of a closed client end', async () => {
  const scene = await victim({ heard: kind }, { rolloverMs: MINUTE })
  const { client, server, roll, untilState } = scene
  await untilState('open')
  await roll()
  const both = [await server.victim(0), await server.victim(1)]
  client.close()
  for (const { gone } of both) await gone
  await isOver(scene)
})

/** Places of the user's own from which it is closed, and how the server leads there. */
const PLACES: Readonly<Record<string, (close: () => void) => Options>> = {
  onReady: (close) => ({ onReady: () => close() }),
  'onReady, with a message of its own on its way': (close) => ({
    onReady: async ({ send }) => {
      const sent = send('auth')
      close()
      await sent
    },
  }),
  token: (close) => ({
    token: async () => {
      // It is asked for while connect() runs, and has no client to close yet.
      await aWhile()
      close()
      return 'token'
    },
  }),
}

for (const [where, optionsOf] of Object.entries(PLACES))
  test(`it is closed from ${where}`, async () => {
    const called = latch()
    const scene: Scene = await victim(
      { heard: kind },
      optionsOf(() => {
        scene.client.close()
        called.open()
      }),
    )
    const sent = outcomeOf(scene.client.send('echo'))
    await called.passed
    is(await sent, 'CLOSED')
    await isOver(scene)
  })

test('it is closed from onError', async () => {
  const closed = latch()
  const scene: Scene = await victim(
    { heard: (one) => one.say('garbage') },
    {
      onError: () => {
        scene.client.close()
        closed.open()
      },
    },
  )
  const sent = outcomeOf(scene.client.send('echo'))
  await closed.passed
  is(await sent, 'CLOSED')
  await isOver(scene)
})

test('it is closed from a listener, and a second listener of the same push still hears it', async () => {
  const scene = await victim({ heard: (one) => one.say({ event: 'said', data: 1 }) })
  const { client } = scene
  const heard: unknown[] = []
  client.on('said', () => client.close())
  client.on('said', (data) => heard.push(data))
  is(await outcomeOf(client.send('echo')), 'CLOSED')
  equal(heard, [1])
  await isOver(scene)
})

test('it is closed by whoever watches it, in each change', async () => {
  for (const state of ['open', 'waiting']) {
    const scene = await victim({ heard: kind })
    const { client, server, untilState } = scene
    client.subscribe(() => client.state === state && client.close())
    const first = await server.victim(0)
    if (state === 'waiting') {
      await untilState('open')
      first.kill()
    }
    await untilState('closed')
    await isOver(scene)
  }
})

test('it is closed in the middle of a stream, which throws that it was', async () => {
  const scene = await victim({ heard: (one, { action, id }) => one.say({ action, id, progress: 1 }) })
  const { client } = scene
  const steps: unknown[] = []
  const failure = await outcomeOf(
    (async () => {
      for await (const step of client.stream('slow')) {
        steps.push(step)
        client.close()
      }
    })(),
  )
  equal([failure, steps], ['CLOSED', [1]])
  await isOver(scene)
})

test('a farewell and close() at the same time are one end', async () => {
  const scene = await victim({ heard: kind })
  const { client, server, states } = scene
  await client.send('echo')
  const one = await server.victim(0)
  one.say({ event: '$bye', data: { code: 'PERMISSION_DENIED', message: 'No.' } })
  client.close()
  is(states.filter((state) => state === 'closed').length, 1)
  await isOver(scene)
})

test.run()
