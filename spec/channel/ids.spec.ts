import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'

const test = suite('channel: ids of broadcasts')

const SECRET = 'a secret of thirty-two characters'
const machine = createMachine({ initial: 'a', states: { a: { on: { say: stay, tell: stay } } } })
const noise = { said: v.string() }

const plain = () =>
  ws({ warn: () => {} })
    .store(memory())
    .pushes(noise)

const settings = [
  ['nothing', false, () => plain().channels({})],
  ['.channels({ ids: true })', true, () => plain().channels({ ids: true })],
  ['.channels({ ids: false })', false, () => plain().channels({ ids: false })],
  ['a protocol', false, () => plain().protocol(machine)],
  ['a protocol that can be resumed', true, () => plain().protocol(machine, { resume: resume({ secret: SECRET }) })],
] as const

for (const [what, hasIds, start] of settings)
  test(`with ${what} declared, broadcasts carry ${hasIds ? 'an id each' : 'no id'}, and pushes carry none`, async () => {
    const app = (start() as ReturnType<typeof plain>)
      .onConnect(({ channel }) => channel('lobby').join())
      .on('say', v.string(), ({ data, channel }) => channel('lobby').broadcast('said', data))
      .on('tell', v.string(), ({ data, push }) => push('said', data))
      .build()
    const gateway = testGateway(app)
    const [ann, bob] = [await gateway.connect(), await gateway.connect()]
    await ann.request('say', 'one')
    await app.server.channel('lobby').broadcast('said', 'two')
    await bob.request('tell', 'three')
    const heard = (client: typeof ann) =>
      client.received.filter(
        (frame): frame is { event: string; id?: string; data: string } => Object(frame).event === 'said',
      )
    const [one, two, three] = heard(bob)
    assert.equal([one?.data, two?.data, three?.data], ['one', 'two', 'three'])
    assert.equal([typeof one?.id, typeof two?.id], Array(2).fill(hasIds ? 'string' : 'undefined'))
    assert.is(three?.id, undefined)
    assert.equal(
      heard(ann).map(({ id }) => id),
      [one?.id, two?.id],
    )
    if (hasIds) assert.not.equal(one?.id, two?.id)
    await gateway.close()
  })

test('ids that are no boolean are refused', () => {
  assert.throws(
    () =>
      plain()
        .channels({ ids: 'yes' as unknown as boolean })
        .onConnect(() => accept())
        .build(),
    /A boolean is missing in \.channels\(\{ ids \}\)/,
  )
})

test.run()
