import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, route, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { inTurns, peer, wire } from '../kit/wire.ts'

const test = suite('what a message costs, in calls of the store')

/** A connection, and what each of its messages asks of a store that keeps memberships with the state, or cannot. */
const counted = (whole: boolean) => {
  const net = wire()
  const calls: string[] = []
  const { commit, ...store } = inTurns(memory(), async (call) => void calls.push(String(call)))
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(whole && commit ? { ...store, commit } : store)
    .protocol(
      createMachine({
        initial: 'out',
        states: {
          out: { on: { enter: 'in', fail: 'in' } },
          in: { on: { look: stay, vote: stay, exit: 'out', move: 'in' } },
        },
      }),
    )
    .onConnect(() => accept())
    .on('enter', ({ channel }) => channel('lobby').join())
    .on('exit', ({ channel }) => channel('lobby').leave())
    .on('move', () => {})
    .on('look', () => {})
    .on('vote', route({ exclusive: true }), () => {})
    .on('fail', () => {
      throw new RangeError('no')
    })
    .onError(() => {})
    .build()
  const ann = peer(app, net)
  const cost = async (act: () => Promise<unknown>) => {
    calls.length = 0
    await act()
    return calls.join(' ')
  }
  return { ann, cost, say: (action: string, id = action) => cost(() => ann.send({ action, id })) }
}

for (const whole of [true, false]) {
  const store = whole ? 'a store that keeps memberships with the state' : 'a store that cannot'

  test(`${store}: every class of message costs what the manual says`, async () => {
    const { ann, cost, say } = counted(whole)
    assert.is(await cost(() => ann.connect()), 'create')
    assert.is(await say('look'), 'read') // refused
    assert.is(await say('fail'), 'read replace replace')
    assert.is(await say('enter'), whole ? 'read replace commit' : 'read replace replace join replace')
    assert.is(await say('enter'), 'read') // a repetition
    assert.is(await say('look'), 'read')
    assert.is(await say('vote'), 'read replace replace')
    assert.is(await say('move'), 'read') // enters the state that it leaves: nothing changes
    assert.is(await say('exit'), whole ? 'read replace commit' : 'read replace leave replace')
    await say('enter', 'again')
    assert.is(await cost(() => ann.disconnect()), 'read replace channels leave')
    assert.is(await say('look'), 'read') // gone
  })
}

test('without a protocol a message asks nothing of the store', async () => {
  const net = wire()
  const calls: string[] = []
  const app = ws({ gateway: net.gateway })
    .store(inTurns(memory(), async (call) => void calls.push(String(call))))
    .onConnect(() => accept())
    .on('look', () => {})
    .build()
  const ann = peer(app, net)
  await ann.connect()
  calls.length = 0
  await ann.send({ action: 'look', id: '1' })
  assert.equal(calls, [])
})

test.run()
