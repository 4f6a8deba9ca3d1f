import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, stay } from 'ws-interlock'
import { assign, setup } from 'xstate'
import { peer } from '../kit/wire.ts'
import { codes, quiet, rejection, world } from './kit.ts'

const test = suite('protocol: events from inside')

const nothing = () => {}

/** A door that counts, names and can be told things. */
const door = setup({
  types: {
    context: {} as { name: string; user?: string },
    input: {} as { name: string },
    events: {} as { type: 'enter' } | { type: 'look' } | { type: 'identified'; user: string },
  },
  actions: { remember: assign({ user: ({ event }) => (event.type === 'identified' ? event.user : undefined) }) },
}).createMachine({
  id: 'door',
  context: ({ input }) => ({ name: input.name }),
  initial: 'outside',
  states: {
    outside: { on: { enter: 'inside', look: stay, identified: { actions: 'remember' } } },
    inside: { on: { look: stay, identified: { actions: 'remember' } } },
  },
})

const entering = (enter: (raise: (user: string) => void) => unknown = nothing) => {
  const { net, kept, start } = world()
  const app = start
    .store(kept)
    .protocol(door, { internal: ['identified'], input: ({ query }) => ({ name: query.get('name') ?? '' }) })
    .onConnect(() => accept())
    .on('enter', ({ raise }) => enter((user) => raise({ type: 'identified', user })))
    .on('look', ({ snapshot: { value, context } }) => ({ value, context }))
    .build()
  const ann = peer(app, net)
  const look = async () => {
    const [frame] = (await ann.send({ action: 'look' })).frames
    return Object(frame).data as unknown
  }
  return { ann, app, look, kept }
}

test('the input of the machine comes from the handshake', async () => {
  const { ann, look } = entering()
  await ann.connect({ query: '?name=ann' })
  assert.equal(await look(), { value: 'outside', context: { name: 'ann' } })
})

test('a raised event is stored in one write with the message', async () => {
  const { ann, look, kept } = entering((raise) => raise('ann'))
  await ann.connect()
  await ann.send({ action: 'enter' })
  assert.equal(await look(), { value: 'inside', context: { name: '', user: 'ann' } })
  assert.is((await kept.records.read(ann.connectionId))?.version, 3)
})

test('a raised event of a handler that fails is forgotten with it', async () => {
  const { ann, look } = entering((raise) => {
    raise('ann')
    throw new RangeError('no')
  })
  const { log, restore } = quiet()
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'enter' })).frames), ['INTERNAL'])
  restore()
  assert.is(log.length, 1)
  assert.equal(await look(), { value: 'outside', context: { name: '' } })
})

test('an internal event is no route: a peer that sends it reaches nothing', async () => {
  const { ann, look } = entering()
  await ann.connect()
  assert.equal(codes((await ann.send({ action: 'identified', data: { user: 'eve' } })).frames), ['UNIMPLEMENTED'])
  assert.equal(await look(), { value: 'outside', context: { name: '' } })
})

test('only internal events can be raised', async () => {
  const { net, kept, start } = world()
  let thrown: unknown
  const app = start
    .store(kept)
    .protocol(door, { internal: ['identified'], input: () => ({ name: '' }) })
    .on('enter', ({ raise }) => {
      try {
        raise({ type: 'look' } as never)
      } catch (error) {
        thrown = error
      }
    })
    .on('look', nothing)
    .build()
  const ann = peer(app, net)
  await ann.connect()
  await ann.send({ action: 'enter' })
  assert.instance(thrown, TypeError)
  assert.match(String(thrown), "'look' is no internal event")
})

test('the server dispatches events, and is told where they are not allowed', async () => {
  const { ann, app, look } = entering()
  await ann.connect()
  const { dispatch } = app.server.connection(ann.connectionId)
  await dispatch({ type: 'identified', user: 'ann' })
  await dispatch({ type: 'enter' })
  assert.equal(await look(), { value: 'inside', context: { name: '', user: 'ann' } })
  assert.match(String(await rejection(dispatch({ type: 'enter' }))), /'enter' is not allowed in 'inside'/)
  assert.match(String(await rejection(dispatch({ type: 'xstate.stop' } as never))), /nobody dispatches/)
  await ann.disconnect()
  assert.match(String(await rejection(dispatch({ type: 'look' }))), /closed/)
})

test.run()
