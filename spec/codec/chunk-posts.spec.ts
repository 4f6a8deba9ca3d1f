import { suite } from 'uvu'
import { equal, is, match, ok } from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Delivery, ws } from 'ws-interlock'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { memory } from 'ws-interlock/store/memory'
import { connectEvent, messageEvent } from 'ws-interlock/testing'
import { LONG } from './kit.ts'

const test = suite('chunk(), to peers')

/** An application whose gateway delivers so many posts to each connection. */
const delivering = async (times: number, given: ours.ChunkOptions = {}) => {
  const posts: { readonly id: string; readonly body: string }[] = []
  const count = (id: string) => posts.filter((post) => post.id === id).length
  const post = async (id: string, body: string): Promise<Delivery> => {
    posts.push({ id, body })
    return { outcome: count(id) > times ? 'gone' : 'delivered' }
  }
  const gateway = {
    post,
    close: async (): Promise<Delivery> => ({ outcome: 'delivered' }),
    info: async () => undefined,
  }
  const codec = ours.chunk(ours.json(), given)
  const app = ws({ gateway, codec })
    .store(memory())
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .on('join', async ({ channel }) => channel('all').join())
    .build()
  for (const connectionId of ['a', 'b']) {
    const headers = { 'Sec-WebSocket-Protocol': String(codec.subprotocol) }
    await app(connectEvent({ connectionId, headers }) as never, undefined as never)
    await app(messageEvent({ connectionId, body: { action: 'join' } }) as never, undefined as never)
  }
  return { app, posts }
}

test('a push above 128 KB is posted piece by piece, each of 128 KB at most', async () => {
  const { app, posts } = await delivering(Number.POSITIVE_INFINITY)
  is(await app.server.connection('a').push('said', LONG.repeat(4)), true)
  ok(posts.length > 3)
  for (const { body } of posts) ok(Buffer.byteLength(body) <= 131_072)
  for (const { body } of posts.slice(0, -1)) ok(Buffer.byteLength(body) > 120_000)
  const { read } = theirs.chunk()
  const frames = posts.map(({ body }) => read(body))
  equal(frames.slice(0, -1).filter(Boolean), [])
  equal(frames.at(-1), { event: 'said', data: LONG.repeat(4) })
})

test('the first piece that is not delivered is the last', async () => {
  const { app, posts } = await delivering(1)
  is(await app.server.connection('a').push('said', LONG.repeat(4)), false)
  is(posts.length, 2)
})

test('a broadcast above 128 KB reaches each member, in pieces of its own', async () => {
  const { app, posts } = await delivering(Number.POSITIVE_INFINITY)
  await app.server.channel('all').broadcast('said', LONG.repeat(2))
  const names = ['a', 'b'].map((member) => {
    const { read } = theirs.chunk()
    const bodies = posts.filter(({ id }) => id === member).map(({ body }) => body)
    equal(bodies.map((body) => read(body)).at(-1), { event: 'said', data: LONG.repeat(2) })
    return JSON.parse(bodies[0] ?? '').chunk
  })
  is.not(names[0], names[1])
})

test('the same push twice is two pushes', async () => {
  const { app, posts } = await delivering(Number.POSITIVE_INFINITY)
  for (let i = 0; i < 2; i++) await app.server.connection('a').push('said', LONG.repeat(2))
  const { read } = theirs.chunk()
  is(posts.map(({ body }) => read(body)).filter(Boolean).length, 2)
})

test('a push above maxBytes fails before anything is sent', async () => {
  const { app, posts } = await delivering(Number.POSITIVE_INFINITY, { maxBytes: 200_000 })
  const failed = await app.server.connection('a').push('said', 'x'.repeat(200_000)).then(String, String)
  match(failed, /RESOURCE_EXHAUSTED.*200000/)
  is(posts.length, 0)
})

test.run()
