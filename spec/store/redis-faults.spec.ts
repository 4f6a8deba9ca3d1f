import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { redis } from 'ws-interlock/store/redis'
import { makeId } from 'ws-interlock/testing'
import { record } from '../../lib/conformance/made.ts'
import { needs } from '../kit/needs.ts'
import { CLIENTS, redisOf, startRedis } from '../kit/redis.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('redis store: faults')
const onRedis = needs(test, 'redis-server')
const { server, client, end } = redisOf()
test.after(end)

/** Every call that asks for the record of a connection. */
const asked = ({ records, memberships }: Store, id: string): Record<string, () => Promise<unknown>> => ({
  create: () => records.create(id, record()),
  read: () => records.read(id),
  replace: () => records.replace(id, 1, record({ version: 2 })),
  join: () => memberships.join(id, 'lobby'),
})

onRedis(
  '75. what is stored under the key of a connection and is no record is an error, and never "missing"',
  async () => {
    const { command } = await server()
    const store = redis(await client())
    const until = String(Date.now() + 60_000)
    const foreign: readonly (readonly [string, ...string[]])[] = [
      ['SET', 'text'],
      ['SADD', 'member'],
      ['HSET', 'name', 'ann'],
      ['HSET', 'v', '1', 'r', '{}'],
      ['HSET', 'v', '1', 't', until],
      ['HSET', 'r', '{}', 't', until],
      ['HSET', 'v', '1', 'r', '{}', 't', 'soon'],
    ]
    for (const [name, ...args] of foreign) {
      const id = makeId()
      const key = `{c:${id}}:p`
      await command(name, key, ...args)
      for (const [what, call] of Object.entries(asked(store, id)))
        assert.match(
          String(await rejection(call())),
          name === 'HSET' ? `What is stored at '${key}' is no record of this library` : 'WRONGTYPE',
          `${what} on ${name} ${args}`,
        )
      assert.is(await command('EXISTS', `{c:${id}}:m`), 0)
    }
  },
)

onRedis('75. a record whose text is damaged or foreign is an error that names the key', async () => {
  const { command } = await server()
  const { records } = redis(await client())
  const until = String(Date.now() + 60_000)
  for (const text of ['', '{"version":1', '[]', 'null', '{"version":"1"}', '{"version":1}']) {
    const id = makeId()
    await command('HSET', `{c:${id}}:p`, 'v', '1', 'r', text, 't', until, 'x', '0')
    for (const call of [() => records.read(id), () => records.replace(id, 7, record())])
      assert.match(
        String(await rejection(call())),
        `Error: What is stored in the key '{c:${id}}:p' is no record of this library: `,
      )
    assert.is(await records.create(id, record()), false)
  }
})

onRedis('75. a channel that is something else is an error too', async () => {
  const { command } = await server()
  const { memberships, records } = redis(await client())
  const id = makeId()
  await records.create(id, record())
  await command('SET', 'h:{foreign:0}', 'text')
  for (const call of [
    () => memberships.has(id, 'foreign'),
    () => memberships.members('foreign'),
    () => memberships.join(id, 'foreign'),
    () => memberships.leave(id, 'foreign'),
  ])
    assert.match(String(await rejection(call())), 'WRONGTYPE')
})

for (const [name, connect] of Object.entries(CLIENTS))
  onRedis(`77. ${name}: while the server is down calls reject, and after a restart it knows nobody`, async () => {
    const first = await startRedis()
    const { client, end } = await connect(first.port)
    const store = redis(client, { timeoutMs: 100 })
    const { records, memberships } = store
    const id = makeId()
    try {
      await records.create(id, record())
      await memberships.join(id, 'lobby')
      await first.kill()
      for (const call of [
        () => records.read(id),
        () => records.replace(id, 1, record({ version: 2 })),
        () => memberships.join(id, 'lobby'),
        () => memberships.members('lobby'),
      ])
        assert.instance(await rejection(call()), Error)
      const second = await startRedis(first.port)
      try {
        assert.is(await untilAnswered(() => records.read(id)), undefined)
        assert.equal(await records.replace(id, 1, record({ version: 2 })), { ok: false, current: undefined })
        assert.is(await memberships.join(id, 'lobby'), false)
        assert.equal(await memberships.members('lobby'), { connectionIds: [] })
        assert.is(await records.create(id, record()), true)
      } finally {
        await second.kill()
      }
    } finally {
      end()
      await first.kill()
    }
  })

/** A client takes its time to find a server again. */
const untilAnswered = async <Value>(call: () => Promise<Value>): Promise<Value> => {
  for (;;)
    try {
      return await call()
    } catch {}
}

for (const name of Object.keys(CLIENTS))
  onRedis(`78. ${name}: a server that is full refuses each write, changes nothing, and is read as before`, async () => {
    const { command } = await server()
    const { records, memberships } = redis(await client(name))
    const [id, other] = [makeId(), makeId()]
    const stored = record()
    await records.create(id, stored)
    await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
    await command('CONFIG', 'SET', 'maxmemory', '1')
    try {
      for (const call of [
        () => records.create(other, record()),
        () => records.replace(id, 1, record({ version: 2 })),
        () => memberships.join(id, 'lobby'),
      ])
        assert.match(String(await rejection(call())), 'OOM command not allowed')
      assert.equal(await records.read(id), stored)
      assert.is(await records.read(other), undefined)
      assert.equal(await memberships.channels(id), [])
      assert.is(await memberships.has(id, 'lobby'), false)
    } finally {
      await command('CONFIG', 'SET', 'maxmemory', '0')
    }
    assert.equal(await records.replace(id, 1, record({ version: 2 })), { ok: true })
  })

test.run()
