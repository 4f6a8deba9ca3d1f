import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Store, stay, UnauthenticatedError, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { makeId, messageEvent } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { inTurns, interleave, lambdaWith, peer, schedules, stoppedClock, type Turn, wire } from '../kit/wire.ts'

const test = suite('faults: two invocations at once')

const machine = setup({
  types: { events: {} as { type: 'auth'; token: string } | { type: 'join' } | { type: 'visit' } },
}).createMachine({
  id: 'door',
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'known' } },
    known: { on: { join: 'joined', visit: stay } },
    joined: { on: { visit: stay } },
  },
})

/** One connection, and the functions that serve it: each instance is an application of its own on the one store. */
const door = async (...before: unknown[]) => {
  const net = wire()
  const connectionId = makeId()
  const clock = stoppedClock()
  const store = memory(clock)
  const ran: string[] = []
  const instance = (instanceStore: Store, turn: Turn) => {
    const app = ws({ gateway: net.gateway, clock, random: () => 0.5, warn: () => {} })
      .store(instanceStore)
      .protocol(machine)
      .onConnect(() => accept())
      .on('auth', v.object({ token: v.string() }), async ({ data }) => {
        ran.push('auth')
        await turn()
        if (data.token !== 'good') throw new UnauthenticatedError('Not you.')
      })
      .on('join', async ({ channel }) => {
        ran.push('join')
        await channel('lobby').join()
        await turn()
      })
      .on('visit', async ({ channel }) => {
        ran.push('visit')
        await turn()
        await channel('lobby').join()
      })
      .onDisconnect(() => void ran.push('disconnect'))
      .onError(() => {})
      .build()
    const { handle, ...one } = peer(app, net, connectionId)
    const context = lambdaWith(30_000, makeId())
    return {
      ...one,
      say: (body: unknown) => handle(messageEvent({ connectionId, body }), context),
      leave: () => one.disconnect({}, context),
    }
  }
  const calm = instance(store, async () => {})
  await calm.connect()
  for (const message of before) await calm.send(message)
  ran.length = 0
  /** Each actor is one invocation on an instance of its own. Resolves with what each message came to, by its id. */
  const race = async (schedule: readonly number[], ...actors: ((one: typeof calm) => Promise<unknown>)[]) => {
    await interleave(
      schedule,
      actors.map((act) => (turn) => act(instance(inTurns(store, turn), turn))),
    )
    const frames = net.taken(connectionId) as { readonly id: string; readonly error?: { readonly code: string } }[]
    return frames.map(({ id, error }) => `${id}: ${error?.code ?? 'OK'}`).sort()
  }
  const members = async () => (await store.memberships.members('lobby')).connectionIds
  return { ...calm, race, ran, members, record: () => store.records.read(connectionId) }
}

const auth = (id: string, token = 'good') => ({ action: 'auth', id, data: { token } })
const join = { action: 'join', id: 'join' }
const visit = { action: 'visit', id: 'visit' }

/** An invocation that changes the state takes four turns: it reads, claims, runs and commits. */
const all = schedules(9)

test('41. join never runs beside an auth that fails, however their steps fall', async () => {
  for (const schedule of all) {
    const { race, ran, record } = await door()
    const outcome = await race(
      schedule,
      ({ say }) => say(auth('auth', 'bad')),
      ({ say }) => say(join),
    )
    assert.equal(outcome, ['auth: UNAUTHENTICATED', 'join: FAILED_PRECONDITION'], String(schedule))
    assert.equal(ran, ['auth'])
    const stored = await record()
    assert.is(stored?.state?.value, 'anonymous')
    assert.is(stored?.claim, undefined)
  }
})

test('41. join beside an auth that succeeds runs after it or not at all', async () => {
  const seen = new Set<string>()
  for (const schedule of all) {
    const { race, ran, record } = await door()
    const [first, second] = await race(
      schedule,
      ({ say }) => say(auth('auth')),
      ({ say }) => say(join),
    )
    assert.is(first, 'auth: OK', String(schedule))
    const joined = second === 'join: OK'
    if (!joined) assert.is(second, 'join: FAILED_PRECONDITION')
    assert.equal(ran, joined ? ['auth', 'join'] : ['auth'])
    assert.is((await record())?.state?.value, joined ? 'joined' : 'known')
    seen.add(String(second))
  }
  // Both happen, or the schedules would not have met.
  assert.is(seen.size, 2)
})

test('42. of two auths at once one handler succeeds, and the other is refused or told to try again and never runs', async () => {
  for (const schedule of all) {
    const { race, ran, record } = await door()
    const outcome = await race(
      schedule,
      ({ say }) => say(auth('a')),
      ({ say }) => say(auth('b')),
    )

    assert.match(
      String(outcome),
      /^(a: OK,b: (FAILED_PRECONDITION|UNAVAILABLE)|a: (FAILED_PRECONDITION|UNAVAILABLE),b: OK)$/,
      String(schedule),
    )
    assert.equal(ran, ['auth'])
    assert.is((await record())?.state?.value, 'known')
  }
})

test('33. of one message delivered twice at once one is applied, and the other is told so or to try again', async () => {
  for (const schedule of all) {
    const { race, ran } = await door()
    const outcome = await race(
      schedule,
      ({ say }) => say(auth('7')),
      ({ say }) => say(auth('7')),
    )
    assert.match(String(outcome), /^(7: ALREADY_EXISTS,7: OK|7: OK,7: UNAVAILABLE)$/, String(schedule))
    assert.equal(ran, ['auth'])
  }
})

for (const [said, message] of [
  ['a message that changes the state', join],
  ['a message that leaves the state as it is', visit],
] as const)
  test(`63. a $disconnect beside a join by ${said} leaves a closed record and no membership`, async () => {
    const handled = new Set<boolean>()
    for (const schedule of all) {
      const { race, ran, record, members } = await door(auth('auth'))
      await race(
        schedule,
        ({ say }) => say(message),
        ({ leave }) => leave(),
      )
      assert.is((await record())?.closed?.by, 'disconnect', String(schedule))
      assert.equal(await members(), [], String(schedule))
      assert.is(ran.filter((name) => name === 'disconnect').length, 1)
      handled.add(ran.includes(message.action))
    }
    assert.is(handled.size, 2)
  })

test('64. two $disconnects at once run the handler once', async () => {
  for (const schedule of all) {
    const { race, ran, record } = await door(auth('auth'))
    await race(
      schedule,
      ({ leave }) => leave(),
      ({ leave }) => leave(),
    )
    assert.equal(ran, ['disconnect'], String(schedule))
    assert.is((await record())?.closed?.by, 'disconnect')
  }
})

test.run()
