import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { type Store, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, faulty, type TestClient, type TestGateway, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { placesFor } from '../real/places.ts'
import { open as openStore } from '../real/stores.ts'

const test = suite('what is kept of a connection')

const running = new Set<{ readonly close: () => Promise<void> }>()
const gatewayFor = <A extends Parameters<typeof testGateway>[0]>(app: A): TestGateway<A> => {
  // Real stores know what time it is.
  const gateway = testGateway(app, { clock: fakeClock(Date.now()) })
  running.add(gateway)
  return gateway
}
test.after.each(async () => {
  for (const gateway of running) await gateway.close()
  running.clear()
})

/** Any route: `$resume` is none of the application's. */
const ask = async (client: unknown, name: string, data?: unknown) => (client as TestClient<unknown>).request(name, data) // Its type is that of one application.
const said = async (client: unknown, name: string, data?: unknown) => (await ask(client, name, data)).data
const codeOf = async (client: unknown, name: string, data?: unknown) => (await ask(client, name, data)).error?.code

const tokenOf = (client: { readonly received: readonly unknown[] }): string =>
  Object(client.received.map(Object).find(({ event }) => event === '$resume')).data.token

const Visit = v.object({ name: v.string(), count: v.number() })

/** Counts its peer's messages in what is kept of the connection. */
const counting = (store: Store = memory()) =>
  ws({ warn: () => {} })
    .store(store)
    .connection(Visit)
    .onConnect(async ({ query, connection }) => {
      if (query.has('name')) await connection.update({ name: query.get('name') ?? '', count: 0 })
    })
    .on('count', async ({ connection }) => {
      await connection.update((visit) => ({ name: visit?.name ?? 'nobody', count: (visit?.count ?? 0) + 1 }))
      return connection.data
    })
    .on('read', ({ connection }) => connection.data ?? 'nothing')
    .on('break', ({ connection }) => connection.update({ name: 'ann', count: 'many' } as never))
    .on('grow', ({ connection }) => connection.update({ name: 'x'.repeat(70_000), count: 1 }))
    .build()

/** What is kept changes with the state, and under it. */
const guarded = (store: Store = memory()) =>
  ws({ warn: () => {} })
    .store(store)
    .connection(Visit)
    .protocol(
      createMachine({
        types: { events: {} as { type: 'enter'; fail?: boolean | undefined } | { type: 'count' } | { type: 'read' } },
        initial: 'out',
        states: { out: { on: { enter: 'in', read: stay } }, in: { on: { count: stay, read: stay } } },
      }),
      { resume: resume({ secret: 'a secret of thirty-two characters' }) },
    )
    .onConnect(async ({ connection, query }) => {
      const user = query.get('user')
      if (user) await connection.identify(user)
    })
    .on('enter', v.object({ fail: v.optional(v.boolean()) }), async ({ data, connection }) => {
      await connection.update({ name: 'ann', count: 1 })
      await connection.identify('ann')
      if (data.fail) throw new RangeError('no')
      return [connection.data, connection.userId]
    })
    .on('count', v.undefined(), ({ connection }) =>
      connection.update((visit) => ({ name: 'ann', count: (visit?.count ?? 0) + 1 })),
    )
    .on('read', v.undefined(), ({ connection, snapshot }) => [
      snapshot.value,
      connection.data ?? null,
      connection.userId ?? null,
    ])
    .build()

test('what onConnect keeps is there in every later message, and what a message changes in the next', async () => {
  const ann = await gatewayFor(counting()).connect({ query: { name: 'ann' } })
  assert.equal(await said(ann, 'read'), { name: 'ann', count: 0 })
  assert.equal(await said(ann, 'count'), { name: 'ann', count: 1 })
  assert.equal(await said(ann, 'read'), { name: 'ann', count: 1 })
})

test('nothing is kept before somebody does, and of no two connections the same', async () => {
  const gateway = gatewayFor(counting())
  const [ann, bob] = [await gateway.connect({ query: { name: 'ann' } }), await gateway.connect()]
  assert.is(await said(bob, 'read'), 'nothing')
  await said(bob, 'count')
  assert.equal(await said(bob, 'read'), { name: 'nobody', count: 1 })
  assert.equal(await said(ann, 'read'), { name: 'ann', count: 0 })
})

test('twenty messages at once that each add one add twenty', async () => {
  const ann = await gatewayFor(counting()).connect({ query: { name: 'ann' } })
  await Promise.all(Array.from({ length: 20 }, () => said(ann, 'count')))
  assert.equal(await said(ann, 'read'), { name: 'ann', count: 20 })
})

for (const { name, run, place } of placesFor(test))
  run(`${name}: four messages at once that each add one add four, and it comes back as it was kept`, async () => {
    const { store, end } = openStore(await place())
    try {
      const ann = await gatewayFor(counting(store)).connect({ query: { name: 'ann' } })
      await Promise.all(Array.from({ length: 4 }, () => said(ann, 'count')))
      assert.equal(await said(ann, 'read'), { name: 'ann', count: 4 })
    } finally {
      end()
    }
  })

for (const [where, app, name] of [
  ['without a protocol', counting, undefined],
  ['under a protocol', guarded, 'enter'],
] as const)
  test(`${where}: of changes whose answers get lost each one that succeeded counts once, and none counts twice`, async () => {
    // A store of its own: memory() alone begins anew in each gateway in process.
    const { warnOnLambda: _, ...own } = memory()
    const store = faulty(own, { seed: 3, lostAnswers: 0.4, conflicts: 0.3, calls: ['replace'] })
    const ann = await gatewayFor(app(store)).connect({ query: { name: 'ann' } })
    while (name && (await codeOf(ann, name, {}))) await Promise.resolve()
    const { length } = await allDone(ann, 'count', 20)
    assert.ok(length > 10 && store.injected.length > 5, `${length} of 20, ${store.injected.length} faults`)
    const read = Object(await said(ann, 'read'))
    // Of one that failed nobody knows whether it counted; once at most.
    const counted = (read[1] ?? read).count - (name ? 1 : 0)
    assert.ok(counted >= length && counted <= 20, `${counted} counted, ${length} done`)
  })

/** Those of so many messages, one after the other, that were not refused. */
const allDone = async (client: unknown, name: string, count: number) => {
  const done: number[] = []
  for (let at = 0; at < count; at++) if (!(await codeOf(client, name))) done.push(at)
  return done
}

test('what does not fit the schema, or takes over 64 KB, is not kept', async () => {
  const ann = await gatewayFor(counting()).connect({ query: { name: 'ann' } })
  assert.is(await codeOf(ann, 'break'), 'INTERNAL')
  assert.is(await codeOf(ann, 'grow'), 'RESOURCE_EXHAUSTED')
  assert.equal(await said(ann, 'read'), { name: 'ann', count: 0 })
})

test('under a claim it is stored with the state, and the handler sees what it has asked for', async () => {
  const ann = await gatewayFor(guarded()).connect()
  assert.equal(await said(ann, 'enter', {}), [{ name: 'ann', count: 1 }, 'ann'])
  assert.equal(await said(ann, 'read'), ['in', { name: 'ann', count: 1 }, 'ann'])
})

test('of a handler that fails nothing is kept, and it is nobody known', async () => {
  const app = guarded()
  const gateway = gatewayFor(app)
  const ann = await gateway.connect()
  assert.is(await codeOf(ann, 'enter', { fail: true }), 'INTERNAL')
  assert.equal(await said(ann, 'read'), ['out', null, null])
  assert.equal(await connectionsOf(app, 'ann'), [])
})

test('messages that leave the state as it is change what is kept at once, and none is lost beside one that changes the state', async () => {
  const ann = await gatewayFor(guarded()).connect()
  await said(ann, 'enter', {})
  await Promise.all(Array.from({ length: 10 }, () => said(ann, 'count')))
  assert.equal(await said(ann, 'read'), ['in', { name: 'ann', count: 11 }, 'ann'])
})

const connectionsOf = async (app: ReturnType<typeof guarded>, user: string) => {
  const ids: string[] = []
  for await (const id of app.server.user(user).connections()) ids.push(id)
  return ids
}

test('a connection that takes over another one has what was kept of it, and is its user', async () => {
  const app = guarded()
  const gateway = gatewayFor(app)
  const old = await gateway.connect()
  await said(old, 'enter', {})
  const token = tokenOf(old)
  const next = await gateway.connect()
  await said(next, '$resume', { token })
  assert.equal(await said(next, 'read'), ['in', { name: 'ann', count: 1 }, 'ann'])
  assert.equal(await connectionsOf(app, 'ann'), [next.connectionId])
})

test('a token of one user opens nothing for another, and both keep what they have', async () => {
  const app = guarded()
  const gateway = gatewayFor(app)
  const ann = await gateway.connect()
  await said(ann, 'enter', {})
  const token = tokenOf(ann)
  const mallory = await gateway.connect({ query: { user: 'mallory' } })
  assert.is(await codeOf(mallory, '$resume', { token }), 'FAILED_PRECONDITION')
  assert.equal(await connectionsOf(app, 'mallory'), [mallory.connectionId])
  assert.equal(await said(ann, 'read'), ['in', { name: 'ann', count: 1 }, 'ann'])
})

test('nothing is kept without a schema, and the sentence says how to declare one', async () => {
  const app = ws({ warn: () => {} })
    .store(memory())
    .on('keep', ({ connection }) => Object(connection).update({ name: 'ann' }))
    .onError((error) => {
      told.push(String(error))
    })
    .build()
  const told: string[] = []
  const ann = await gatewayFor(app).connect()
  assert.is(await codeOf(ann, 'keep'), 'INTERNAL')
  assert.equal(told, ['TypeError: Nothing is said of what is kept: declare it with .connection(schema).'])
})

test.run()
