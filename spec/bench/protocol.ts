import { accept, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { connectEvent, messageEvent } from 'ws-interlock/testing'
import { type AnyActorScope, createActor, createMachine, transition } from 'xstate'
import { compare, type Result } from './measure.ts'

/** What a message costs under a protocol, beside the same route without one, and beside what the machine alone costs. */
export const protocolCosts = async (): Promise<readonly Result[]> => {
  const { bare, kept } = await handlers()
  const { scoped, pure, actor } = steps()
  const [send, join, leave] = [said('send'), said('join'), said('leave')]
  let joined = true
  return compare([
    { name: 'machine.transition with one scope, and JSON', run: scoped },
    { name: 'transition(), and JSON', run: pure },
    { name: 'createActor(), and JSON', run: actor },
    { name: 'a route without a protocol', run: () => bare(send, LAMBDA) },
    { name: 'the same under a protocol, the state stays', run: () => kept(send, LAMBDA) },
    {
      name: 'the same under a protocol, the state changes',
      run: () => {
        joined = !joined
        return kept(joined ? join : leave, LAMBDA)
      },
    },
  ])
}

/** Four states, as the chat has them. */
const machine = createMachine({
  id: 'chat',
  initial: 'anonymous',
  states: {
    anonymous: { on: { auth: 'authenticated' } },
    authenticated: { on: { join: 'joined' } },
    joined: { on: { send: stay, leave: 'authenticated' } },
    expired: { type: 'final' },
  },
})

type Handler = (event: unknown, context: unknown) => Promise<unknown>

const LAMBDA = { awsRequestId: 'f4a0cbb2-6f2d-4c3a-9a3f-0c1d2e3f4a5b', getRemainingTimeInMillis: () => 30_000 }
const connectionId = 'L0SM9cOFvHcCIhw='
const said = (action: string) => messageEvent({ connectionId, body: { action } })

/** The same routes without a machine and behind one, whose connection has joined. */
const handlers = async () => {
  const open = () => ws({ replies: 'route-response', warn: () => {} })
  const bare = open()
    .onConnect(() => accept())
    .on('auth', () => {})
    .on('join', () => {})
    .on('send', () => {})
    .on('leave', () => {})
    .build() as Handler // called with events that are made, and with as much of a context as is read
  const kept = open()
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('auth', () => {})
    .on('join', () => {})
    .on('send', () => {})
    .on('leave', () => {})
    .build() as Handler // likewise
  await kept(connectEvent({ connectionId }), LAMBDA)
  for (const action of ['auth', 'join']) await kept(said(action), LAMBDA)
  return { bare, kept }
}

/** The least that a stored machine costs: text to snapshot, one step, snapshot to text. */
export const steps = () => {
  const nothing = () => {}
  const scope = { self: {}, system: { _sendInspectionEvent: nothing }, defer: nothing, actionExecutor: nothing }
  let stored = JSON.stringify({ value: 'authenticated', context: {} })
  const restored = () => machine.resolveState(JSON.parse(stored))
  const event = () => ({ type: stored.includes('joined') ? 'leave' : 'join' })
  const keep = ({ value, context }: { readonly value: unknown; readonly context: unknown }) => {
    stored = JSON.stringify({ value, context })
  }
  return {
    // A cast, because a scope is the actor's own affair: these are the parts that a step without actors touches.
    scoped: () => keep(machine.transition(restored(), event(), scope as unknown as AnyActorScope)),
    pure: () => keep(transition(machine, restored(), event())[0]),
    actor: () => {
      const actor = createActor(machine, { snapshot: restored() }).start()
      actor.send(event())
      keep(actor.getSnapshot())
      actor.stop()
    },
  }
}
