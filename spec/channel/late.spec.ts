import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { latch, peer, stoppedClock, wire } from '../kit/wire.ts'

const test = suite('joins that come late')

test('a function that slept before its join, beyond its claim, is no member once another message has gone on', async () => {
  const net = wire()
  const clock = stoppedClock()
  const [began, go] = [latch(), latch()]
  const { commit: _, memberships, ...store } = memory(clock)
  const join: typeof memberships.join = async (id, channel) => {
    began.open()
    await go.passed
    return memberships.join(id, channel)
  }
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway, clock })
    .store({ ...store, memberships: { ...memberships, join } })
    .protocol(createMachine({ initial: 'out', states: { out: { on: { enter: 'in' } }, in: { on: { exit: 'out' } } } }))
    .onConnect(() => accept())
    .on('enter', ({ channel }) => channel('lobby').join())
    .on('exit', ({ channel }) => channel('lobby').leave())
    .onError((error) => void errors.push(error))
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const entering = ann.send({ action: 'enter', id: '1' })
  await began.passed
  clock.advance(60_000)
  assert.equal((await ann.send({ action: 'exit', id: '2' })).frames, [{ action: 'exit', id: '2' }])
  go.open()
  assert.equal((await entering).frames, [{ action: 'enter', id: '1' }])
  assert.equal(await memberships.channels(ann.connectionId), [])
  assert.equal(await memberships.members('lobby'), { connectionIds: [] })
  assert.match(String(errors), /it is no member of lobby\./)
})

test.run()
