import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Codec, route, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { json } from '../../lib/wire/json.ts'
import { latch, peer, wire } from '../kit/wire.ts'

const test = suite('flow: progress')

const Percent = v.pipe(
  v.object({ done: v.number() }),
  v.transform(({ done }) => ({ percent: done * 100 })),
)
const Steps = route({ input: v.array(v.number()), progress: Percent })

const reporter = (codec?: Codec) => {
  const errors: unknown[] = []
  const app = ws({ warn: () => {}, ...(codec && { codec }) })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .on('report', Steps, async ({ data, progress }) => {
      for (const done of data) await progress({ done })
      return 'reported'
    })
    .build()
  return { app, errors }
}

test('what a handler says on its way comes before the reply, shaped by its schema and under the id of the message', async () => {
  const gateway = testGateway(reporter().app)
  const ann = await gateway.connect()
  const { data } = await ann.request('report', [0.25, 0.5])
  assert.is(data, 'reported')
  assert.equal(ann.received, [
    { action: 'report', id: '1', progress: { percent: 25 } },
    { action: 'report', id: '1', progress: { percent: 50 } },
    { action: 'report', id: '1', data: 'reported' },
  ])
  await gateway.close()
})

test('a codec without a word for it pushes it', async () => {
  const { progress: _, ...codec } = json()
  const gateway = testGateway(reporter(codec).app)
  const ann = await gateway.connect()
  ann.send({ action: 'report', id: 'a', data: [1] })
  assert.equal(await ann.next(), { event: '$progress', data: { id: 'a', data: { percent: 100 } } })
  await gateway.close()
})

test('a message without an id is told its reply alone', async () => {
  const { app, errors } = reporter()
  const gateway = testGateway(app)
  const ann = await gateway.connect()
  ann.send({ action: 'report', data: [0.25, 0.5] })
  await gateway.settled()
  assert.equal(ann.received, [{ action: 'report', data: 'reported' }])
  assert.equal(errors, [])
  await gateway.close()
})

test('it is not held back with the state, and stands where the message fails', async () => {
  const net = wire()
  const { passed, open } = latch()
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(memory())
    .pushes({ said: v.string() })
    .protocol(createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } }))
    .onConnect(() => accept())
    .onError(() => {})
    .on('go', route({ progress: v.number() }), async ({ push, progress }) => {
      await push('said', 'later')
      await progress(1)
      await passed
      throw new RangeError('It went wrong.')
    })
    .build()
  const ann = peer(app, net)
  await ann.connect()
  const sending = ann.send({ action: 'go', id: '1' })
  while (net.posts() === 0) await new Promise(setImmediate)
  assert.equal(ann.taken(), [{ action: 'go', id: '1', progress: 1 }])
  open()
  const [frame] = (await sending).frames as readonly { error: { code: string } }[]
  assert.is(frame?.error.code, 'INTERNAL')
})

test('what does not fit its schema fails the message in a sentence for the owner, even where nobody would be told', async () => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .on('report', route({ progress: v.number() }), ({ progress }) => progress('half' as unknown as number))
    .build()
  const { frames } = await peer(app, net).send({ action: 'report' })
  assert.equal(frames, [{ action: 'report', error: { code: 'INTERNAL', message: 'Internal error' } }])
  assert.instance(errors[0], TypeError)
  assert.match(String(errors[0]), /The progress of 'report' is not valid: Invalid type: Expected number/)
})

test('one that is not awaited is waited for, and its failure is told', async () => {
  const net = wire()
  const errors: unknown[] = []
  const codes: string[] = []
  const app = ws({ gateway: net.gateway, warn: ({ code }) => void codes.push(code) })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .on('report', route({ progress: v.number() }), ({ progress }) => {
      void progress(1)
      void progress('two' as unknown as number)
    })
    .build()
  const { frames } = await peer(app, net).send({ action: 'report', id: '1' })
  assert.equal(
    [...frames].sort((a, b) => JSON.stringify(a).length - JSON.stringify(b).length),
    [
      { action: 'report', id: '1' },
      { action: 'report', id: '1', progress: 1 },
    ],
  )
  assert.is(errors.length, 1)
  assert.equal(codes, ['UNAWAITED_SEND'])
})

test('nothing to say is no reply', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('report', route({ progress: v.undefined() }), ({ progress }) => progress(undefined))
    .build()
  assert.equal((await peer(app, net).send({ action: 'report', id: '1' })).frames, [
    { action: 'report', id: '1', progress: null },
    { action: 'report', id: '1' },
  ])
})

test('a handler of a route that declares none has none', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('report', (context) => 'progress' in context)
    .build()
  assert.equal((await peer(app, net).send({ action: 'report' })).frames, [{ action: 'report', data: false }])
})

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(equal: Equal<A, B>) => equal

test('its types are those of its schema: what the handler says, and what the client is told', () => {
  const app = ws()
    .onConnect(() => accept())
    .on('report', Steps, ({ progress, data }) => {
      same<Parameters<typeof progress>, [data: { done: number }]>(true)
      same<typeof data, number[]>(true)
    })
    .on('plain', v.string(), () => {})
    .on('bare', () => {})
    .build()
  type Routes = NonNullable<(typeof app)['~types']>['routes']
  assert.ok(same<Routes['report']['progress'], { percent: number }>(true))
  assert.ok(same<Routes['plain']['progress'], never>(true))
  assert.ok(same<Routes['bare']['progress'], never>(true))
})

test.run()
