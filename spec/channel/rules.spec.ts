import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { NotFoundError, stay, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { memory } from 'ws-interlock/store/memory'
import { type TestGateway, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { listed } from './kit.ts'

const test = suite('rules of channels')

const Room = v.object({ room: v.string() })

/** Rooms that only those may join whose name they begin with; nobody joins one that is shut. */
const guarded = () =>
  ws({ warn: () => {} })
    .store(memory())
    .connection(v.string())
    .channels({
      authorize: async ({ connection, phase }, channel) => {
        asked.push(`${phase} ${channel}`)
        if (channel === 'shut') throw new NotFoundError('There is no such room.')
        return channel.startsWith(connection.data ?? '-')
      },
      normalize: (name) => name.normalize('NFC'),
    })
    .onConnect(async ({ query, connection, channel }) => {
      await connection.update(query.get('name') ?? '')
      const room = query.get('room')
      if (room) await channel(room).join()
    })
    .on('join', Room, ({ data, channel }) => channel(data.room).join())
    .on('leave', Room, ({ data, channel }) => channel(data.room).leave())
    .build()
const asked: string[] = []
test.before.each(() => void asked.splice(0))

const on = async <A extends Parameters<typeof testGateway>[0]>(
  app: A,
  story: (gateway: TestGateway<A>) => Promise<void>,
) => {
  const gateway = testGateway(app)
  try {
    await story(gateway)
  } finally {
    await gateway.close()
  }
}

test('who may not join a channel is told so and is no member; who may is one', () => {
  const app = guarded()
  return on(app, async (gateway) => {
    const ann = await gateway.connect({ query: { name: 'ann' } })
    const refused = await ann.request('join', { room: 'bobs' })
    assert.equal(refused.error, { code: 'PERMISSION_DENIED', message: "You may not join 'bobs'." })
    assert.equal(await listed(app.server.channel('bobs').members()), [])
    assert.is((await ann.request('join', { room: 'anns' })).error, undefined)
    assert.equal(await listed(app.server.channel('anns').members()), [ann.connectionId])
    assert.equal(asked, ['message bobs', 'message anns'])
  })
})

test('what the rule throws is what the peer is told', () =>
  on(guarded(), async (gateway) => {
    const ann = await gateway.connect({ query: { name: 'ann' } })
    const { error } = await ann.request('join', { room: 'shut' })
    assert.equal(error, { code: 'NOT_FOUND', message: 'There is no such room.' })
  }))

test('a handshake that joins what it may not is turned away, and leaves nothing', () => {
  const app = guarded()
  return on(app, async (gateway) => {
    const error = await gateway.connect({ query: { name: 'ann', room: 'bobs' } }).then(
      () => undefined,
      (refused: unknown) => Object(refused),
    )
    assert.is(error.status, 403)
    await gateway.connect({ query: { name: 'ann', room: 'anns' } })
    assert.equal(asked, ['connect bobs', 'connect anns'])
    assert.equal(await listed(app.server.channel('bobs').members()), [])
  })
})

test('leaving asks nobody', () =>
  on(guarded(), async (gateway) => {
    const ann = await gateway.connect({ query: { name: 'ann' } })
    assert.is((await ann.request('leave', { room: 'bobs' })).error, undefined)
    assert.equal(asked, [])
  }))

test('25. two ways to write one name are one channel where they are made one, and two where they are not', async () => {
  const [composed, apart] = ['caf\u00e9', 'cafe\u0301']
  const app = guarded()
  await on(app, async (gateway) => {
    const one = await gateway.connect({ query: { name: 'caf' } })
    await one.request('join', { room: apart })
    assert.equal(await listed(app.server.channel(composed).members()), [one.connectionId])
    assert.equal(await listed(app.server.channel(apart).members()), [one.connectionId])
  })
  const plain = ws({ warn: () => {} })
    .store(memory())
    .on('join', Room, ({ data, channel }) => channel(data.room).join())
    .build()
  await on(plain, async (gateway) => {
    const one = await gateway.connect()
    await one.request('join', { room: apart })
    assert.equal(await listed(plain.server.channel(composed).members()), [])
  })
})

test('under a protocol a refused join fails the message, and the state stays', () => {
  const app = ws({ warn: () => {} })
    .store(memory())
    .channels({ authorize: () => false })
    .protocol(
      createMachine({
        initial: 'out',
        states: { out: { on: { enter: 'in', look: stay } }, in: { on: { look: stay } } },
      }),
    )
    .on('enter', v.undefined(), ({ channel }) => channel('lobby').join())
    .on('look', v.undefined(), ({ snapshot }) => snapshot.value)
    .build()
  return on(app, async (gateway) => {
    const ann = await gateway.connect()
    assert.is((await ann.request('enter')).error?.code, 'PERMISSION_DENIED')
    assert.is((await ann.request('look')).data, 'out')
  })
})

for (const [what, rules, sentence] of [
  ['a rule that is no function', { authorize: true }, /A function is missing in \.channels\(\{ authorize \}\)/],
  ['a rule of another name', { authorise: () => true }, /\.channels\(\) has no such option/],
  ['no rules at all', undefined, /An object is missing in \.channels\(\)/],
  ['presence that is no schema', { presence: 'name' }, /A schema is missing in \.channels\(\{ presence \}\)/],
] as const)
  test(`build() refuses ${what}`, () => {
    const build = () =>
      Object(ws({ warn: () => {} }).store(memory()))
        .channels(rules)
        .build()
    assert.throws(build, (error: Error) => error instanceof TypeError && sentence.test(error.message))
  })

test('presence needs a store that keeps notes, and build() says so', () => {
  const { note: _, ...memberships } = memory().memberships
  const build = () =>
    ws({ warn: () => {} })
      .store({ ...memory(), memberships })
      .channels({ presence: v.string() })
      .onConnect(() => {})
      .build()
  assert.throws(build, /Presence needs a store that keeps notes/)
})

test('a fan-out needs a store that keeps texts, and build() says so', () => {
  const { blobs: _, ...store } = memory()
  const queue = fanout({ client: { send: async () => {} }, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/q' })
  const build = () =>
    ws({ warn: () => {}, fanout: queue })
      .store(store)
      .onConnect(() => {})
      .build()
  assert.throws(build, /A fan-out needs a store that keeps texts/)
})

test('build() refuses a fan-out that is none', () => {
  const build = () =>
    ws({ warn: () => {}, fanout: { queueUrl: 'https://sqs' } as never })
      .store(memory())
      .onConnect(() => {})
      .build()
  assert.throws(build, /fanout\(\{ client, queueUrl \}\) is missing in ws\(\{ fanout \}\)/)
})

test('what is kept, and rules of channels, need a store, and build() says so', () => {
  for (const app of [ws({ warn: () => {} }).connection(v.string()), ws({ warn: () => {} }).channels({})])
    assert.throws(() => app.onConnect(() => {}).build(), /What is kept needs a store/)
})

test.run()
