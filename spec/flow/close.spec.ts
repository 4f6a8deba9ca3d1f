import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('flow: closing')

type Act = (context: {
  readonly push: (name: 'said', text: string) => Promise<void>
  readonly close: (reason?: string) => Promise<void>
}) => unknown

const doing = (act: Act, options: Parameters<typeof ws>[0] = {}) => {
  const net = wire()
  const app = ws({ gateway: net.gateway, ...options })
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .on('go', act)
    .onError(() => {})
    .build()
  return peer(app, net)
}

const said = (data: string) => ({ event: 'said', data })
const bye = (code: string, message: string) => ({ event: '$bye', data: { code, message } })
const go = { action: 'go', id: '1' }

test('close() says $bye and closes the connection after the reply', async () => {
  const { send } = doing(async ({ close, push }) => {
    await close('Enough.')
    await close('Too late to say this.')
    await push('said', 'last words')
    return 'done'
  })
  const frames = [said('last words'), { ...go, data: 'done' }, bye('OK', 'Enough.'), '$closed']
  assert.equal((await send(go)).frames, frames)
})

test('close() without a reason says that the server did it', async () => {
  const { send } = doing(({ close }) => close())
  const frames = [bye('OK', 'The server has closed the connection.'), '$closed']
  assert.equal((await send({ action: 'go' })).frames, frames)
})

test('close() in a handler that then fails closes nothing', async () => {
  const { send } = doing(async ({ close }) => {
    await close()
    throw new Error('broken')
  })
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
})

test('as a route response the last reply is posted, since what is returned would come after the close', async () => {
  const { send } = doing(({ close }) => close('Enough.'), { replies: 'route-response' })
  assert.equal((await send(go)).frames, [go, bye('OK', 'Enough.'), '$closed'])
})

/** A protocol that ends: by a message, or because none came in time. */
const ending = async (description?: string) => {
  const net = wire()
  const clock = stoppedClock()
  const ran: string[] = []
  const machine = setup({ types: { events: {} as { type: 'go' } } }).createMachine({
    id: 'm',
    initial: 'waiting',
    states: {
      waiting: { on: { go: 'through' }, after: { 5000: 'late' } },
      through: { type: 'final', ...(description && { description }) },
      late: { type: 'final', ...(description && { description }) },
    },
  })
  const app = ws({ gateway: net.gateway, clock, warn: () => {} })
    .store(memory(clock))
    .protocol(machine)
    .onConnect(() => accept())
    .on('go', () => void ran.push('go'))
    .build()
  const one = peer(app, net)
  await one.connect()
  return { ...one, clock, ran }
}

test('a message that ends the protocol is answered, and then the connection is closed with the words of the state', async () => {
  const { send, ran } = await ending('Thank you.')
  assert.equal((await send(go)).frames, [go, bye('OK', 'Thank you.'), '$closed'])
  assert.equal(ran, ['go'])
})

test('a state without words is named', async () => {
  const { send } = await ending()
  assert.equal((await send(go)).frames, [go, bye('OK', "The protocol has ended in 'through'."), '$closed'])
})

test('a message after the deadline is refused, no handler runs, and the connection is closed with the reason', async () => {
  const { send, clock, ran } = await ending('Too late.')
  clock.advance(5_000)
  const error = { code: 'DEADLINE_EXCEEDED', message: 'Too late.' }
  assert.equal((await send(go)).frames, [{ ...go, error }, bye('DEADLINE_EXCEEDED', 'Too late.'), '$closed'])
  assert.equal(ran, [])
})

test('a message just before the deadline is handled', async () => {
  const { send, clock, ran } = await ending()
  clock.advance(4_999)
  await send(go)
  assert.equal(ran, ['go'])
})

test.run()
