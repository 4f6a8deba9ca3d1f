import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, PermissionDeniedError, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { assign, setup } from 'xstate'
import { peer } from '../kit/wire.ts'
import { quiet, world } from './kit.ts'

const test = suite('what a mirrored protocol tells')

const machine = setup({
  types: {
    context: {} as { votes: number },
    events: {} as
      | { type: 'auth' }
      | { type: 'vote' }
      | { type: 'note' }
      | { type: 'rest' }
      | { type: 'known' }
      | { type: 'noted' }
      | { type: 'kicked' },
  },
  guards: { few: ({ context }) => context.votes < 1 },
  actions: { count: assign({ votes: ({ context }) => context.votes + 1 }) },
}).createMachine({
  id: 'votes',
  context: { votes: 0 },
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'guest' } },
    guest: { on: { known: 'member', kicked: 'anonymous', rest: 'resting' } },
    member: {
      on: {
        vote: [{ guard: 'few', actions: 'count' }, { target: 'guest' }],
        note: stay,
        noted: { actions: 'count' },
        kicked: 'anonymous',
      },
    },
    resting: { on: { note: stay }, after: { 5000: 'guest' } },
  },
})

/** `raised`: what the handlers of the next messages raise. */
const voting = (options: { readonly mirror?: boolean }) => {
  const { net, time, kept, start } = world()
  const raised: ('known' | 'noted')[] = []
  const faults = { fails: false }
  const errors: unknown[] = []
  const handle = ({ raise }: { readonly raise: (event: { type: 'known' | 'noted' }) => void }) => {
    for (const type of raised.splice(0)) raise({ type })
    if (faults.fails) throw new PermissionDeniedError('As was asked.')
  }
  const app = start
    .store(kept)
    .protocol(machine, { internal: ['known', 'noted', 'kicked'], ...options })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .on('auth', handle)
    .on('vote', handle)
    .on('note', handle)
    .on('rest', handle)
    .build()
  const ann = peer(app, net)
  let id = 0
  const say = async (action: string, ...events: ('known' | 'noted')[]) => {
    raised.push(...events)
    const { frames } = await ann.send({ action, id: String(++id) })
    return frames.map(shortOf)
  }
  const kick = () => app.server.connection(ann.connectionId).dispatch({ type: 'kicked' })
  return { app, ann, say, kick, time, net, faults, errors, told: () => ann.taken().map(shortOf) }
}

/** A state that was told, an answer, or the code of an error. */
const shortOf = (frame: unknown) => {
  const { event, id, data, error } = Object(frame)
  return event ? { [event]: data } : (error?.code ?? `answer ${id}`)
}
const told = (state: unknown, version: number, id: string) => ({ $state: { state, version, id } })

test('where the event of a message alone leads to the state, nothing is said', async () => {
  const { ann, say } = voting({ mirror: true })
  await ann.connect()
  assert.equal(await say('auth'), ['answer 1'])
  assert.equal(await say('auth'), ['FAILED_PRECONDITION'])
  assert.equal(await say('rest'), ['answer 3'])
  assert.equal(await say('note'), ['answer 4'])
})

test('the state is told before the reply where a handler has raised what leads elsewhere', async () => {
  const { ann, say } = voting({ mirror: true })
  await ann.connect()
  assert.equal(await say('auth', 'known'), [told('member', 3, '1'), 'answer 1'])
})

test('an event that was raised and leaves the value as it is says nothing, of the context neither', async () => {
  const { ann, say } = voting({ mirror: true })
  await ann.connect()
  await say('auth', 'known')
  assert.equal(await say('note', 'noted'), ['answer 2'])
})

test('where a guard has decided, its choice is told', async () => {
  const { ann, say } = voting({ mirror: true })
  await ann.connect()
  await say('auth', 'known')
  assert.equal(await say('vote'), [told('member', 5, '2'), 'answer 2'])
  assert.equal(await say('vote'), [told('guest', 7, '3'), 'answer 3'])
})

test('an event that the server dispatched is told, with the last message that is part of the state', async () => {
  const { ann, say, kick, told: heard } = voting({ mirror: true })
  await ann.connect()
  await say('auth')
  await kick()
  assert.equal(heard(), [told('anonymous', 4, '1')])
})

test('a deadline that a message finds overdue is told, be the message refused, failed or accepted', async () => {
  for (const [action, answer] of [
    ['note', 'FAILED_PRECONDITION'],
    ['rest', 'PERMISSION_DENIED'],
  ] as const) {
    const { ann, say, time, faults } = voting({ mirror: true })
    await ann.connect()
    await say('auth')
    await say('rest')
    time.at += 6_000
    faults.fails = true
    const [state, answered] = await say(action)
    assert.is(state.$state.state, 'guest')
    assert.is(state.$state.id, '2')
    assert.is(answered, answer)
  }
  const { ann, say, time } = voting({ mirror: true })
  await ann.connect()
  await say('auth')
  await say('rest')
  time.at += 6_000
  // From where the peer takes itself to be it would not be accepted.
  assert.equal(await say('rest'), [told('resting', 8, '3'), 'answer 3'])
})

test('whoever repeats what was applied hears in which state it is', async () => {
  const { ann, say } = voting({ mirror: true })
  await ann.connect()
  await say('auth', 'known')
  const { frames } = await ann.send({ action: 'auth', id: '1' })
  assert.equal(frames.map(shortOf), [told('member', 3, '1'), 'ALREADY_EXISTS'])
})

test('where the peer cannot be reached, the message stands and the owner is told', async () => {
  const { ann, say, kick, errors, net } = voting({ mirror: true })
  await ann.connect()
  const { post } = net.gateway
  Object.assign(net.gateway, {
    post: async (...given: Parameters<typeof post>) => {
      if (given[1].includes('$state')) throw new Error('no way')
      return post(...given)
    },
  })
  assert.equal(await say('auth', 'known'), ['answer 1'])
  assert.equal(errors.map(String), ['Error: no way'])
  // Nobody's message: there is no owner to be told of it.
  const { log, restore } = quiet()
  await kick()
  restore()
  assert.equal(log.map(String), ['Error: no way'])
  assert.equal(await say('auth'), ['answer 2'])
})

test('without `mirror` nothing is told', async () => {
  for (const options of [{}, { mirror: false }]) {
    const { ann, say, kick, told: heard } = voting(options)
    await ann.connect()
    assert.equal(await say('auth', 'known'), ['answer 1'])
    assert.equal(await say('vote'), ['answer 2'])
    await kick()
    assert.equal(heard(), [])
  }
})

test('what is neither true nor false is no mirror', () => {
  assert.throws(
    () =>
      ws({ warn: () => {} })
        .store(memory())
        // @ts-expect-error: it is a boolean
        .protocol(machine, { mirror: 'yes', internal: ['known', 'noted', 'kicked'] })
        .on('auth', () => {})
        .on('vote', () => {})
        .on('note', () => {})
        .on('rest', () => {})
        .build(),
    /true or false is missing in \.protocol\(\): mirror/,
  )
})

test.run()
