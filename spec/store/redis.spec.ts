import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { type IoredisClient, type RedisClient, redis } from 'ws-interlock/store/redis'
import { makeId } from 'ws-interlock/testing'
import { CLOSED, record } from '../../lib/conformance/made.ts'
import { needs } from '../kit/needs.ts'
import { CLIENTS, redisOf } from '../kit/redis.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('redis store')
const onRedis = needs(test, 'redis-server')
const { server, client, end } = redisOf()
test.after(end)

const cases = [...storeCases, ...noteCases, ...shardCases, ...blobCases]

for (const name of Object.keys(CLIENTS)) {
  for (const { claim, check } of cases) onRedis(`${name}: ${claim}`, async () => check(redis(await client(name))))

  onRedis(`${name}: every case holds in one store that they share`, async () => {
    const shared = redis(await client(name))
    await Promise.all(cases.map(({ check }) => check(shared)))
  })

  onRedis(`${name}: a server that has forgotten its scripts is told them again`, async () => {
    const { command } = await server()
    const { records } = redis(await client(name))
    const id = makeId()
    await records.create(id, record())
    await command('SCRIPT', 'FLUSH')
    assert.equal(await records.replace(id, 1, record({ version: 2 })), { ok: true })
    await command('SCRIPT', 'FLUSH')
    assert.is((await records.read(id))?.version, 2)
  })

  onRedis(`${name}: a channel of 5,000 members has each of them once in its pages`, async () => {
    const { command } = await server()
    const { memberships } = redis(await client(name))
    const channel = makeId()
    const all = Array.from({ length: 5_000 }, (_, index) => `connection ${index}`)
    const end = String(Date.now() + 3_600_000)
    await command('ZADD', `h:{${encodeURIComponent(channel)}:0}`, ...all.flatMap((id) => [end, id]))
    const pages: (readonly string[])[] = []
    let cursor: string | undefined
    do {
      const page = await memberships.members(channel, cursor)
      pages.push(page.connectionIds)
      cursor = page.cursor
    } while (cursor !== undefined)
    assert.equal(pages.flat().sort(), all.sort())
    assert.ok(pages.length >= 4 && pages.length <= 6, `${pages.length} pages`)
  })
}

onRedis('65. what is stored ends by itself, with the time of the record', async () => {
  const { command } = await server()
  const { records, memberships } = redis(await client(), { prefix: 'ends:' })
  const [one, other] = [record(), record({ ttl: record().ttl + 60 })]
  await records.create('one', one)
  await records.create('other', other)
  await memberships.join('other', 'lobby')
  await memberships.join('one', 'lobby', 'note')
  const keys = ['ends:{c:one}:p', 'ends:{c:one}:m', 'ends:h:{lobby:0}', 'ends:n:{lobby:0}']
  assert.equal(
    await Promise.all(keys.map((key) => command('PEXPIRETIME', key))),
    [one, one, other, other].map(({ ttl }) => ttl * 1000),
  )
  await records.replace('one', 1, { ...one, version: 2, ttl: one.ttl - 60, closed: CLOSED })
  assert.is(await command('PEXPIRETIME', 'ends:{c:one}:p'), (one.ttl - 60) * 1000)
  assert.equal([...new Set((await command('KEYS', 'ends:*')) as string[])].sort(), [
    'ends:h:{lobby:0}',
    'ends:n:{lobby:0}',
    'ends:{c:one}:m',
    'ends:{c:one}:p',
    'ends:{c:other}:m',
    'ends:{c:other}:p',
  ])
})

onRedis('a record and a membership are there until their time, and not a millisecond longer', async () => {
  const first = record()
  const id = makeId()
  let now = first.ttl * 1000 - 1
  const { records, memberships } = redis(await client(), { now: () => now })
  await records.create(id, first)
  await memberships.join(id, id)
  assert.equal(await records.read(id), first)
  assert.is(await memberships.has(id, id), true)
  assert.equal(await memberships.members(id), { connectionIds: [id] })
  now++
  assert.is(await records.read(id), undefined)
  assert.is(await memberships.has(id, id), false)
  assert.equal(await memberships.members(id), { connectionIds: [] })
  assert.equal(await records.replace(id, 1, record({ version: 2 })), { ok: false, current: undefined })
})

onRedis('members whose time is over are swept out when another one joins', async () => {
  const { command } = await server()
  const channel = makeId()
  const key = `h:{${encodeURIComponent(channel)}:0}`
  const { records, memberships } = redis(await client())
  const notes = key.replace(/^h/, 'n')
  const ended = Array.from({ length: 1_500 }, (_, index) => `ended ${index}`)
  await command('ZADD', key, ...ended.flatMap((id) => ['1', id]))
  await command('HSET', notes, ...ended.flatMap((id) => [id, 'note']))
  for (const left of [501, 2]) {
    const id = makeId()
    await records.create(id, record())
    await memberships.join(id, channel, 'note')
    assert.is(await command('ZCARD', key), left)
    assert.is(await command('HLEN', notes), left)
  }
})

onRedis('26. no name of a channel is another channel, nor decides where it is kept', async () => {
  const { command } = await server()
  const { records, memberships } = redis(await client(), { prefix: 'names:' })
  const names = ['a', 'a:0', 'a:1', 'a#1', 'a%3A0', '{a}', '{a}:0', '}', '{', '{}', 'h:{a:0}', 'a}b', '*', '[a]', 'é🙂']
  for (const [index, name] of names.entries()) {
    await records.create(`c${index}`, record())
    await memberships.join(`c${index}`, name)
  }
  for (const [index, name] of names.entries()) {
    assert.equal((await memberships.members(name)).connectionIds, [`c${index}`], name)
    assert.equal(await memberships.channels(`c${index}`), [name])
  }
  const keys = (await command('KEYS', 'names:h:*')) as string[]
  assert.is(keys.length, names.length)
  // The hash slot is decided by what stands between the first `{` and the `}` after it.
  for (const key of keys) assert.match(key, /^names:h:\{[^{}:]+:0\}$/)
})

onRedis('a text ends by itself, and begins with the letter of what it is', async () => {
  const { command } = await server()
  const { blobs } = redis(await client(), { prefix: 'texts:' })
  await blobs?.put('a:b', 'text', 60)
  await blobs?.claim('c', 0.5)
  const [put, claimed] = ['texts:b:{a%3Ab}', 'texts:b:{c}'] as const
  assert.is(await command('GET', put), 'Ttext')
  assert.match(String(await command('GET', claimed)), /^C./)
  const [left, less] = [Number(await command('PTTL', put)), Number(await command('PTTL', claimed))]
  assert.ok(left > 30_000 && left <= 60_000, String(left))
  assert.ok(less <= 500, String(less))
})

onRedis('a claim whose answer is lost is known again by who made it', async () => {
  const base = (await client()) as IoredisClient
  // As a client does that sends again what was not answered.
  const twice: RedisClient = {
    evalsha: async (...given: Parameters<IoredisClient['evalsha']>) => {
      await base.evalsha(...given)
      return base.evalsha(...given)
    },
    eval: (...given: Parameters<IoredisClient['eval']>) => base.eval(...given),
  }
  const key = makeId()
  // Once before, so that the server knows the script.
  await redis(base).blobs?.claim(makeId(), 60)
  assert.is(await redis(twice).blobs?.claim(key, 60), true)
  assert.is(await redis(twice).blobs?.claim(key, 60), false)
  assert.is(await redis(base).blobs?.get(key), '')
})

onRedis('a channel that has grown has a key for each shard, and one that says how many', async () => {
  const { command } = await server()
  const { records, memberships } = redis(await client(), { prefix: 'grown:' })
  await memberships.grow?.('a:b', 4)
  for (const id of ['a', 'b', 'c', 'd']) {
    await records.create(id, record())
    await memberships.join(id, 'a:b')
  }
  assert.equal(((await command('KEYS', 'grown:[hs]*')) as string[]).sort(), [
    'grown:h:{a%3Ab:0}',
    'grown:h:{a%3Ab:1}',
    'grown:h:{a%3Ab:2}',
    'grown:h:{a%3Ab:3}',
    'grown:s:{a%3Ab:0}',
  ])
  assert.is(await command('GET', 'grown:s:{a%3Ab:0}'), '4')
  assert.is(await command('PTTL', 'grown:s:{a%3Ab:0}'), -1)
  assert.equal(await command('HGETALL', 'grown:{c:b}:m'), ['a:b', '1'])
})

onRedis('stores with different prefixes know nothing of each other', async () => {
  const [one, other] = [redis(await client(), { prefix: 'one:' }), redis(await client(), { prefix: 'other:' })]
  const id = makeId()
  await one.records.create(id, record())
  await one.memberships.join(id, 'lobby')
  assert.is(await other.records.read(id), undefined)
  assert.equal(await other.memberships.members('lobby'), { connectionIds: [] })
})

/** A client that gives the same answer to everything. */
const answering = (answer: () => Promise<unknown>): RedisClient => ({ evalsha: answer, eval: answer })

test('a client that never answers is waited for so long, and no longer', async () => {
  const { records } = redis(
    answering(() => new Promise(() => {})),
    { timeoutMs: 1 },
  )
  assert.is(
    String(await rejection(records.read('a'))),
    'Error: Redis did not answer within 1 ms. What was asked may still be carried out.',
  )
})

test('an answer that no script gives is an error', async () => {
  const { memberships } = redis(answering(async () => 'OK'))
  assert.is(
    String(await rejection(memberships.channels('a'))),
    "TypeError: Redis answered 'OK' where a list was expected.",
  )
})

test('numbers and text may come in any type that a client can be set to', async () => {
  const bytes = redis(answering(async () => [Buffer.from('0'), undefined, [Buffer.from('a'), Buffer.from('é')], []]))
  assert.equal(await bytes.memberships.members('lobby'), { connectionIds: ['a', 'é'] })
  for (const one of [1, '1', 1n, Buffer.from('1')])
    assert.is(await redis(answering(async () => one)).blobs?.claim('a', 60), true)
})

test('what is no client of the three is refused, in a sentence that names them', () => {
  const wrong: unknown[] = [undefined, null, 'redis://127.0.0.1:6379', {}, { evalsha: () => {} }, { get: () => {} }]
  for (const given of wrong)
    assert.throws(
      () => redis(given as RedisClient),
      (error: unknown) =>
        error instanceof TypeError &&
        error.message ===
          'A client of ioredis, iovalkey or redis (node-redis) is missing in redis(): new Redis(url), or createClient({ url }) after its connect().',
    )
})

test('an option that is unknown or wrong is refused', () => {
  const any = answering(async () => 1)
  const refused = (options: object, sentence: string) =>
    assert.throws(
      () => redis(any, options),
      (error: unknown) => error instanceof TypeError && error.message === sentence,
    )
  refused({ ttl: 1 }, "redis() has no such option. ('ttl' in redis(), which has prefix, timeoutMs, now)")
  refused({ prefix: '{app}' }, 'Text without braces is missing in redis(): prefix.')
  refused({ prefix: 7 }, 'Text without braces is missing in redis(): prefix.')
  refused({ timeoutMs: 0 }, 'A whole number of milliseconds above 0 is missing in redis(): timeoutMs.')
  refused({ now: 0 }, 'A function is missing in redis(): now.')
})

test.run()
