import { CreateTableCommand, DynamoDBClient, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { type DynamodbOptions, dynamodb, tableDefinition, timeToLive } from 'ws-interlock/store/dynamodb'
import { makeId } from 'ws-interlock/testing'
import { CLOSED, record } from '../../lib/conformance/made.ts'
import { signedSend } from '../../lib/store/dynamodb-send.ts'
import { ask, createTable, dynamodbLocal, needsDynamodbLocal, road } from '../kit/dynamodb.ts'

const test = suite('dynamodb store: the table')
const onLocal = needsDynamodbLocal(test)

/** A store on a table of its own, the requests that it made since the last look, and all items of the table. */
const opened = async (options: Partial<DynamodbOptions> = {}) => {
  const { endpoint } = await dynamodbLocal()
  const tableName = await createTable(endpoint)
  const way = await road(endpoint)
  const store = dynamodb({ tableName, endpoint: way.endpoint, ...options })
  let looked = 0
  return {
    store,
    asked: () => {
      const since = way.seen.slice(looked)
      looked = way.seen.length
      return since
    },
    items: async (): Promise<readonly Record<string, Record<string, unknown>>[]> =>
      JSON.parse((await ask(endpoint, 'Scan', { TableName: tableName })).body).Items,
  }
}

onLocal('each call is one request', async () => {
  const { store, asked } = await opened()
  const { records, memberships, commit, blobs } = store
  const id = makeId()
  const costs = async (call: () => Promise<unknown> | undefined, ...operations: readonly string[]) => {
    await call()
    assert.equal(asked(), operations)
  }
  await costs(() => records.create(id, record()), 'PutItem')
  await costs(() => records.create(id, record()), 'PutItem')
  await costs(() => records.read(id), 'GetItem')
  await costs(() => records.replace(id, 1, record({ version: 2 })), 'PutItem')
  await costs(() => records.replace(id, 1, record({ version: 2 })), 'PutItem')
  await costs(() => memberships.join(id, 'lobby'), 'TransactWriteItems')
  await costs(() => memberships.has(id, 'lobby'), 'GetItem')
  await costs(() => memberships.members('lobby'), 'Query')
  await costs(() => memberships.channels(id), 'Query')
  await costs(() => memberships.leave(id, 'lobby'), 'TransactWriteItems')
  await costs(() => commit?.(id, 2, record({ version: 3 }), { join: ['a'], leave: ['b'] }), 'TransactWriteItems')
  await costs(() => commit?.(id, 2, record({ version: 3 }), { join: ['c'], leave: ['b'] }), 'TransactWriteItems')
  await costs(() => memberships.note?.(id, 'lobby'), 'GetItem')
  await costs(() => memberships.shards?.('lobby'), 'GetItem')
  await costs(() => memberships.grow?.('other', 2), 'PutItem')
  await costs(() => blobs?.put('a', 'text', 60), 'PutItem')
  await costs(() => blobs?.claim('a', 60), 'PutItem')
  await costs(() => blobs?.get('a'), 'GetItem')
  await costs(() => records.delete(id), 'DeleteItem')
})

onLocal('a connection is one item, and each of its memberships two', async () => {
  const { store, items } = await opened({ now: () => 1_700_000_000_500 })
  const kept = record({ ttl: 1_700_007_200 })
  await store.records.create('A=', kept)
  await store.memberships.join('A=', 'lobby')
  const found = (await items()).map(({ pk, sk, w, ...rest }) => [`${pk?.S} ${sk?.S}`, rest])
  assert.equal(Object.fromEntries(found), {
    'C#A= @': { v: { N: '1' }, r: { S: JSON.stringify(kept) }, ttl: { N: '1700007200' } },
    'C#A= H#lobby': { s: { N: '0' }, ttl: { N: '1700008100' } },
    'H#lobby#0 C#A=': { ttl: { N: '1700008100' } },
  })
})

onLocal('a tombstone says on its item that it is one', async () => {
  const { store, items } = await opened()
  await store.records.create('a', record())
  await store.records.replace('a', 1, record({ version: 2, closed: CLOSED }))
  assert.equal((await items())[0]?.closed, { BOOL: true })
})

onLocal("26. the characters of the layout are encoded in a channel's name, and no other", async () => {
  const { store, items } = await opened()
  const names = ['a', 'a#0', 'a#1', 'a%', 'a%23', 'a%2523', '#', '%', 'C#x', '{a:b}', 'ä 🙂', '\u0001a', '\u0002#']
  await store.records.create('a', record())
  for (const name of names) await store.memberships.join('a', name)
  assert.equal(
    new Set((await items()).map(({ pk }) => String(pk?.S))),
    new Set([
      'C#a',
      'H#a#0',
      'H#a%230#0',
      'H#a%231#0',
      'H#a%25#0',
      'H#a%2523#0',
      'H#a%252523#0',
      'H#%23#0',
      'H#%25#0',
      'H#C%23x#0',
      'H#{a:b}#0',
      'H#ä 🙂#0',
      'H#%01a#0',
      'H#%02%23#0',
    ]),
  )
  assert.equal(new Set(await store.memberships.channels('a')), new Set(names))
  for (const name of names) assert.equal(await store.memberships.members(name), { connectionIds: ['a'] })
})

onLocal('how many shards there are is asked from the second join to a channel on, once a minute', async () => {
  let now = 1_700_000_000_000
  const { store, asked } = await opened({ now: () => now })
  const { records, memberships } = store
  const joins = async (...channels: readonly string[]) => {
    asked()
    for (const channel of channels) await memberships.join('a', channel)
    return asked().filter((operation) => operation === 'GetItem').length
  }
  await records.create('a', record({ ttl: 1_700_007_200 }))
  assert.is(await joins('lobby', 'bar'), 0)
  assert.is(await joins('lobby'), 1)
  assert.is(await joins('lobby', 'lobby'), 0)
  now += 59_999
  assert.is(await joins('lobby'), 0)
  now += 1
  assert.is(await joins('lobby', 'lobby'), 1)
})

onLocal('what a channel of four shards is, and a text that is kept for a while', async () => {
  const { store, items } = await opened({ now: () => 1_700_000_000_500 })
  const { records, memberships, blobs } = store
  await memberships.grow?.('a#b', 4)
  // These two are in the shards 1 and 2.
  const [one, other] = ['b', 'c']
  for (const id of [one, other]) {
    await records.create(id, record({ ttl: 1_700_007_200 }))
    await memberships.join(id, 'a#b', `note of ${id}`)
  }
  await blobs?.put('said', 'text', 60)
  await blobs?.claim('claimed', 0.5)
  const ttl = { N: '1700008100' }
  const found = (await items()).filter(({ r }) => !r).map(({ pk, sk, w, ...rest }) => [`${pk?.S} ${sk?.S}`, rest])
  assert.equal(Object.fromEntries(found), {
    'H#a%23b#0 @': { shards: { N: '4' } },
    'H#a%23b#1 C#b': { n: { S: 'note of b' }, ttl },
    'C#b H#a%23b': { n: { S: 'note of b' }, s: { N: '1' }, ttl },
    'H#a%23b#2 C#c': { n: { S: 'note of c' }, ttl },
    'C#c H#a%23b': { n: { S: 'note of c' }, s: { N: '2' }, ttl },
    'B#said @': { body: { S: 'text' }, ttl: { N: '1700000060' } },
    'B#claimed @': { body: { S: '' }, ttl: { N: '1700000001' } },
  })
})

onLocal('what has expired is no text, though DynamoDB still has it, and can be claimed again', async () => {
  let now = 1_700_000_000_000
  const { store, items } = await opened({ now: () => now })
  await store.blobs?.put('said', 'text', 2)
  assert.is(await store.blobs?.claim('done', 2), true)
  now += 1_999
  assert.is(await store.blobs?.get('said'), 'text')
  assert.is(await store.blobs?.claim('done', 2), false)
  now += 1
  assert.is(await store.blobs?.get('said'), undefined)
  assert.is(await store.blobs?.get('done'), undefined)
  assert.is((await items()).length, 2)
  assert.is(await store.blobs?.claim('said', 2), true)
  assert.is(await store.blobs?.claim('said', 2), false)
})

onLocal('a channel and the channels of a connection are read page by page', async () => {
  const { store, asked } = await opened({ pageSize: 2 })
  const ids = ['a', 'b', 'c', 'd', 'e']
  for (const id of ids) {
    await store.records.create(id, record())
    await store.memberships.join(id, 'lobby')
    await store.memberships.join('a', `of a: ${id}`)
  }
  asked()
  const first = await store.memberships.members('lobby')
  assert.equal(first.connectionIds, ['a', 'b'])
  const second = await store.memberships.members('lobby', first.cursor)
  assert.equal(second.connectionIds, ['c', 'd'])
  // Whoever the cursor names may have left meanwhile.
  await store.memberships.leave('d', 'lobby')
  const third = await store.memberships.members('lobby', second.cursor)
  assert.equal(third, { connectionIds: ['e'] })
  asked()
  assert.is((await store.memberships.channels('a')).length, 6)
  assert.ok(asked().length >= 3)
})

onLocal('65. what has expired is not there, although DynamoDB still has it', async () => {
  let now = 1_700_000_000_000
  const { store, items } = await opened({ now: () => now })
  const { records, memberships, commit } = store
  await records.create('a', record({ ttl: 1_700_000_001 }))
  await memberships.join('a', 'lobby')
  now = 1_700_000_000_999
  assert.ok(await records.read('a'))
  now = 1_700_000_001_000
  assert.is(await records.read('a'), undefined)
  const next = record({ version: 2 })
  assert.equal(await records.replace('a', 1, next), { ok: false, current: undefined })
  assert.equal(await commit?.('a', 1, next, { join: ['b'], leave: ['lobby'] }), { ok: false, current: undefined })
  assert.is(await memberships.join('a', 'b'), false)
  assert.ok(await memberships.has('a', 'lobby'))
  now += 8_100_000
  assert.is(await memberships.has('a', 'lobby'), false)
  assert.equal(await memberships.members('lobby'), { connectionIds: [] })
  assert.equal(await memberships.channels('a'), [])
  assert.is((await items()).length, 3)
  assert.is(await records.create('a', record({ ttl: 1_800_000_000 })), true)
})

onLocal('every read is consistent', async () => {
  const { endpoint } = await dynamodbLocal()
  const sdk = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: ANY })
  const reads: unknown[] = []
  const client: typeof sdk.send = async (command: never) => {
    const { input } = command as { readonly input: { readonly ConsistentRead?: boolean } }
    if (/^(Get|Query)/.test((command as object).constructor.name)) reads.push(input.ConsistentRead)
    return sdk.send(command)
  }
  const { records, memberships, blobs } = dynamodb({
    tableName: await createTable(endpoint),
    client: { send: client },
  })
  await records.read('a')
  await memberships.has('a', 'b')
  await memberships.members('b')
  await memberships.channels('a')
  await memberships.shards?.('b')
  await blobs?.get('a')
  assert.equal(reads, [true, true, true, true, true, true])
  sdk.destroy()
})

onLocal('the table can be made of its definition, by the SDK', async () => {
  const { endpoint } = await dynamodbLocal()
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: ANY })
  const TableName = `made-${makeId().replace(/\W/g, '')}`
  const { TableDescription } = await client.send(new CreateTableCommand({ TableName, ...tableDefinition }))
  assert.is(TableDescription?.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST')
  await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification: timeToLive }))
  const store: Store = dynamodb({ tableName: TableName, client })
  await store.records.create('a', record())
  assert.is((await store.records.read('a'))?.version, 1)
  client.destroy()
})

const ANY = { accessKeyId: 'any', secretAccessKey: 'any' }

test('a store without the name of a table is refused at once', () => {
  for (const tableName of ['', undefined as never])
    assert.throws(() => dynamodb({ tableName }), "`tableName` is missing in dynamodb({ tableName: 'connections' }).")
})

test('the endpoint is the one that was given, else that of the environment, else that of the region', () => {
  const whereOf = (options: Parameters<typeof signedSend>[0]) => signedSend(options).where()
  const env = { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }
  const own = { ...env, AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:2' }
  assert.is(whereOf({ env: own, endpoint: 'http://127.0.0.1:3' }), 'eu-west-1, http://127.0.0.1:3')
  assert.is(whereOf({ env: own }), 'eu-west-1, http://127.0.0.1:2')
  assert.is(whereOf({ env }), 'eu-west-1, http://127.0.0.1:1')
  const remote = (region: string) => whereOf({ env: { AWS_REGION: region } })
  assert.is(remote('eu-west-1'), 'eu-west-1, https://dynamodb.eu-west-1.amazonaws.com')
  assert.is(remote('cn-north-1'), 'cn-north-1, https://dynamodb.cn-north-1.amazonaws.com.cn')
  assert.is(
    whereOf({ env: { AWS_REGION: 'eu-west-1' }, region: 'us-east-2' }),
    'us-east-2, https://dynamodb.us-east-2.amazonaws.com',
  )
})

test('a store can be made before anything is known of where it is, and says so at its first call', async () => {
  const { records } = dynamodb({ tableName: 't', env: {}, wait: async () => {} })
  let said = ''
  await records.read('a').catch((error) => {
    said = error.message
  })
  assert.match(said, 'The endpoint of DynamoDB is not known: AWS_REGION is not set. Lambda sets it')
})

test('an option that is none, or no value for it, is refused at once, in a sentence', () => {
  for (const [options, says] of [
    [undefined, 'An object is missing in dynamodb().'],
    [{ tableName: 't', pagesize: 5 }, "dynamodb() has no such option. ('pagesize' in dynamodb(), which has tableName,"],
    [{ tableName: 't', client: {} }, 'A function is missing in dynamodb({ client }), a DynamoDBClient: send.'],
    [{ tableName: 't', pageSize: 0 }, 'It is a whole number above 0. (`pageSize` in dynamodb())'],
    [{ tableName: 't', transactions: 'no' }, 'It is true or false. (`transactions` in dynamodb())'],
    [{ tableName: 't', now: 3 }, 'It is a function. (`now` in dynamodb())'],
    [{ tableName: 't', retries: 'a' }, 'It is a whole number, from 0 up. (`retries` in dynamodb())'],
  ] as const)
    assert.throws(
      () => dynamodb(options as never),
      (error: Error) => error instanceof TypeError && error.message.startsWith(says),
      says,
    )
})

test.run()
