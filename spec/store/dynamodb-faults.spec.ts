import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { type DynamodbOptions, dynamodb } from 'ws-interlock/store/dynamodb'
import { makeId } from 'ws-interlock/testing'
import { setup } from 'xstate'
import { counted, nOf, record } from '../../lib/conformance/made.ts'
import { closedPort } from '../kit/connections.ts'
import { ask, createTable, dynamodbLocal, needsDynamodbLocal, refusal, road, type Way } from '../kit/dynamodb.ts'
import { codesOf, peer, wire } from '../kit/wire.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('dynamodb store: faults')
const onLocal = needsDynamodbLocal(test)

/** Time that is only told to pass. `waits` are the milliseconds of each wait. */
const patience = () => {
  const waits: number[] = []
  return { waits, wait: async (ms: number) => void waits.push(ms) }
}

/** A store behind a road that meets the requests in turn: once these are used up, they go through. */
const behind = async (faults: readonly Way[], options: Partial<DynamodbOptions> = {}) => {
  const { endpoint } = await dynamodbLocal()
  const tableName = await createTable(endpoint)
  let left: readonly Way[] = []
  const way = await road(endpoint, () => {
    const [next = 'through', ...rest] = left
    left = rest
    return next
  })
  const { waits, wait } = patience()
  const store = dynamodb({ tableName, endpoint: way.endpoint, wait, random: () => 1, ...options })
  return {
    store,
    tableName,
    endpoint,
    waits,
    /** From here on the faults are met. */
    seen: (): number => way.seen.length,
    fail: () => {
      left = faults
    },
  }
}

/** A store on a DynamoDB that has one answer for everything. */
const answering = async (way: Way, options: Partial<DynamodbOptions> = {}) => {
  const { endpoint, seen } = await road('http://127.0.0.1:1', () => way)
  const { waits, wait } = patience()
  const store = dynamodb({ tableName: 'connections', endpoint, wait, random: () => 1, env: {}, ...options })
  return { store, endpoint, seen, waits }
}

const messageOf = async (promise: Promise<unknown>) => String(await rejection(promise))
const throttled = refusal('ProvisionedThroughputExceededException', 'The level of configured throughput was exceeded.')
const conflict = refusal('TransactionConflictException', 'Transaction is ongoing for the item')
const cancelled = (...codes: readonly string[]) =>
  refusal('TransactionCanceledException', `Transaction cancelled: [${codes}]`, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  })

test('69. a read that nobody answers is given up, after three more that nobody answers', async () => {
  const { store, waits } = await answering('hang', { timeoutMs: 1 })
  assert.is(
    await messageOf(store.records.read('a')),
    "Error: GetItem on the DynamoDB table 'connections' failed 4 times: ETIMEDOUT: no answer within 1 ms",
  )
  assert.equal(waits, [50, 100, 200])
})

const machine = setup({ types: { events: {} as { type: 'enter' } } }).createMachine({
  id: 'door',
  initial: 'out',
  states: { out: { on: { enter: 'in' } }, in: {} },
})

/** An application on a store, one peer, and the handlers that ran. */
const appOn = (store: ReturnType<typeof dynamodb>) => {
  const net = wire()
  const ran: string[] = []
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .protocol(machine)
    .onConnect(() => accept())
    .on('enter', async ({ channel }) => {
      ran.push('enter')
      await channel('inside').join()
    })
    .onError(() => {})
    .build()
  return { ...peer(app, net), ran }
}

onLocal('69. while the store cannot be read no handler runs, and the peer is told to come back', async () => {
  const { store, fail } = await behind(Array.from({ length: 4 }, () => refusal('InternalServerError', '', {}, 500)))
  const { connect, send, ran } = appOn(store)
  await connect()
  fail()
  assert.equal(codesOf((await send({ action: 'enter', id: '1' })).frames), ['UNAVAILABLE'])
  assert.equal(ran, [])
  assert.equal((await send({ action: 'enter', id: '1' })).frames, [{ action: 'enter', id: '1' }])
  assert.equal(ran, ['enter'])
})

onLocal(
  '70 and 71. a claim and a commit whose answers are lost are known again, and the handler runs once',
  async () => {
    for (const faults of [
      ['through', 'unanswered'],
      ['through', 'through', 'unanswered'],
    ] as const) {
      const { store, seen, fail } = await behind(faults)
      const { connect, send, ran, connectionId } = appOn(store)
      await connect()
      fail()
      const before = seen()
      assert.equal((await send({ action: 'enter', id: '1' })).frames, [{ action: 'enter', id: '1' }])
      assert.equal(ran, ['enter'])
      assert.is(await store.memberships.has(connectionId, 'inside'), true)
      // Read, claim, commit, and the one that was sent again.
      assert.is(seen() - before - 1, 4)
    }
  },
)

onLocal('a write whose answer is lost is known by its own mark, and not by what it wrote', async () => {
  const { store, fail } = await behind(['unanswered'])
  const { records, memberships, commit } = store
  const [id, joined] = [makeId(), makeId()]
  fail()
  assert.is(await records.create(id, record()), true)
  assert.is(await records.create(id, record()), false)
  const next = record({ version: 2 })
  fail()
  assert.equal(await records.replace(id, 1, next), { ok: true })
  assert.equal(await records.replace(id, 1, next), { ok: false, current: next })
  const last = record({ version: 3 })
  fail()
  assert.equal(await commit?.(id, 2, last, { join: [joined], leave: [] }), { ok: true })
  assert.equal(await commit?.(id, 2, last, { join: [], leave: [joined] }), { ok: false, current: last })
  fail()
  assert.is(await memberships.join(id, joined), true)
  assert.equal(await memberships.members(joined), { connectionIds: [id] })
  fail()
  await memberships.leave(id, joined)
  assert.equal(await memberships.channels(id), [])
})

onLocal(
  '73. a request that is throttled once or three times is sent again, each time after a longer wait',
  async () => {
    for (const type of [
      'ProvisionedThroughputExceededException',
      'ThrottlingException',
      'RequestLimitExceeded',
      'TransactionInProgressException',
    ])
      for (const times of [1, 3]) {
        const { store, waits, fail } = await behind(Array.from({ length: times }, () => refusal(type)))
        fail()
        assert.is(await store.records.create('a', record()), true, type)
        assert.equal(waits, [50, 100, 200].slice(0, times))
      }
  },
)

test('73. one that is throttled for ever is given up after three waits, in a sentence', async () => {
  const { store, seen, waits } = await answering(throttled, { random: () => 0.5 })
  assert.is(
    await messageOf(store.records.replace('a', 1, record())),
    "Error: PutItem on the DynamoDB table 'connections' failed 4 times: ProvisionedThroughputExceededException: The level of configured throughput was exceeded.",
  )
  assert.is(seen.length, 4)
  assert.equal(waits, [25, 50, 100])
})

test('how often a request is sent again, and how long the waits are, is set by options', async () => {
  const { store, seen, waits } = await answering(throttled, { retries: 5, baseMs: 10, capMs: 40 })
  await messageOf(store.records.read('a'))
  assert.is(seen.length, 6)
  assert.equal(waits, [10, 20, 40, 40, 40])
})

test('a server that fails, with whatever words, and one that is not there are tried again too', async () => {
  for (const [way, words] of [
    [refusal('InternalServerError', 'Sorry', {}, 500), 'InternalServerError: Sorry'],
    [{ status: 503, body: '<html>Service Unavailable</html>' }, 'HTTP 503: <html>Service Unavailable</html>'],
    ['lost', 'ECONNRESET: socket hang up'],
  ] as const) {
    const { store, seen } = await answering(way)
    assert.match(await messageOf(store.records.read('a')), `failed 4 times: ${words}`)
    assert.ok(seen.length >= 4)
  }
  const { waits, wait } = patience()
  const nowhere = dynamodb({ tableName: 't', endpoint: await closedPort(), wait, env: {} })
  assert.match(await messageOf(nowhere.records.read('a')), 'failed 4 times: ECONNREFUSED')
  assert.is(waits.length, 3)
})

onLocal('74. a write that meets a transaction, and a transaction that meets a write, are tried again', async () => {
  for (const way of [
    conflict,
    cancelled('None', 'TransactionConflict', 'None'),
    cancelled('None', 'ThrottlingError', 'None'),
    cancelled('ProvisionedThroughputExceeded', 'None', 'None'),
  ]) {
    const { store, waits, fail } = await behind([way, way])
    await store.records.create('a', record())
    fail()
    const changes = { join: ['b'], leave: [] }
    assert.equal(await store.commit?.('a', 1, record({ version: 2 }), changes), { ok: true })
    fail()
    assert.equal(await store.memberships.join('a', 'c'), true)
    fail()
    assert.equal(await store.records.replace('a', 2, record({ version: 3 })), { ok: true })
    assert.equal(waits, [50, 100, 50, 100, 50, 100])
  }
})

test('74. a transaction that never comes through says what it met', async () => {
  const { store, seen } = await answering(
    refusal('TransactionCanceledException', 'Transaction cancelled', {
      CancellationReasons: [{ Code: 'None' }, { Code: 'TransactionConflict', Message: 'Transaction is ongoing' }],
    }),
  )
  assert.match(
    await messageOf(store.memberships.join('a', 'b')),
    'failed 4 times: TransactionCanceledException: Transaction cancelled; Transaction is ongoing',
  )
  assert.is(seen.length, 4)
})

onLocal('74. through the SDK a cancelled transaction is tried again as well, and by us alone', async () => {
  const { endpoint } = await dynamodbLocal()
  const tableName = await createTable(endpoint)
  const faults = new Map<number, Way>([1, 2, 3].map((index) => [index, cancelled('None', 'TransactionConflict')]))
  const way = await road(endpoint, (_, index) => faults.get(index) ?? 'through')
  const client = new DynamoDBClient({ endpoint: way.endpoint, region: 'us-east-1', credentials: ANY })
  const { waits, wait } = patience()
  const { records, memberships } = dynamodb({ tableName, client, wait, random: () => 1 })
  await records.create('a', record())
  assert.is(await memberships.join('a', 'b'), true)
  assert.equal(waits, [50, 100, 200])
  assert.is(way.seen.length, 5)
  client.destroy()
})

test('what the SDK gives up is told in the same sentences, and not tried again by us', async () => {
  const { endpoint, seen } = await answering(throttled)
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: ANY, maxAttempts: 1 })
  const { records } = dynamodb({ tableName: 'connections', client })
  assert.match(
    await messageOf(records.read('a')),
    "GetItem on the DynamoDB table 'connections' failed: ProvisionedThroughputExceededException: The level",
  )
  assert.is(seen.length, 1)
  client.destroy()
})

const ANY = { accessKeyId: 'any', secretAccessKey: 'any' }

test('a service that does not hand back what stood in the way is asked for it', async () => {
  const current = counted(3, 7)
  const item = { r: { S: JSON.stringify(current) }, v: { N: '3' }, ttl: { N: `${current.ttl}` } }
  const { endpoint, seen } = await road('http://127.0.0.1:1', (operation) =>
    operation === 'GetItem'
      ? { status: 200, body: JSON.stringify({ Item: item }) }
      : operation === 'PutItem'
        ? refusal('ConditionalCheckFailedException', 'The conditional request failed')
        : cancelled('ConditionalCheckFailed', 'None', 'None'),
  )
  const { records, commit } = dynamodb({ tableName: 't', endpoint, env: {} })
  assert.equal(await records.replace('a', 1, record()), { ok: false, current })
  assert.equal(await commit?.('a', 1, record(), { join: ['b'], leave: [] }), { ok: false, current })
  assert.is(await records.create('a', record()), false)
  assert.equal(seen, ['PutItem', 'GetItem', 'TransactWriteItems', 'GetItem', 'PutItem', 'GetItem'])
})

onLocal('75. what is stored in place of a record and is none is an error, and never "missing"', async () => {
  const { store, tableName, endpoint } = await behind([])
  const { records, memberships, commit } = store
  const kept = record()
  const [v, ttl, r] = [{ N: '1' }, { N: `${kept.ttl}` }, { S: JSON.stringify(kept) }]
  for (const [item, words] of [
    [{}, 'there is no text'],
    [{ v, ttl, r: { N: '1' } }, 'there is no text'],
    [{ v, ttl, r: { S: '{"version":1' } }, 'it is not a JSON object'],
    [{ v, ttl, r: { S: '{"version":1}' } }, '`connectedAt` or `ttl` is not a number'],
    [{ ttl, r }, 'somebody else has written there'],
    [{ v: { N: '2' }, ttl, r }, 'somebody else has written there'],
    [{ v, r }, 'somebody else has written there'],
  ] as const) {
    const id = makeId()
    await ask(endpoint, 'PutItem', { TableName: tableName, Item: { pk: { S: `C#${id}` }, sk: { S: '@' }, ...item } })
    const next = record({ version: 4 })
    for (const call of [
      () => records.read(id),
      () => records.replace(id, 3, next),
      () => commit?.(id, 3, next, { join: ['a'], leave: [] }),
    ]) {
      const said = await messageOf(Promise.resolve(call()))
      assert.match(said, words)
      assert.match(said, `the item 'C#${id}' of the DynamoDB table '${tableName}'`)
    }
    assert.is(await records.create(id, record()), false)
    // A check that is met looks at nothing else of the item.
    if (!('ttl' in item)) assert.match(await messageOf(memberships.join(id, 'a')), words)
  }
})

onLocal('76. a record that an item cannot hold is refused in a sentence, and at once', async () => {
  const { store, waits } = await behind([])
  const { records, commit } = store
  const big = (version: number) =>
    record({ version, state: { value: 'in', context: { text: 'x'.repeat(400 * 1024) } } })
  await records.create('a', counted(1, 1))
  const words = 'the record takes over 400 KB, and an item of DynamoDB has no more. Keep less in the context'
  for (const call of [
    () => records.create('b', big(1)),
    () => records.replace('a', 1, big(2)),
    () => commit?.('a', 1, big(2), { join: ['c'], leave: [] }),
  ])
    assert.match(await messageOf(Promise.resolve(call())), words)
  assert.is(nOf(await records.read('a')), 1)
  assert.equal(waits, [])
})

onLocal('a table that is not there is named, with its region and how to make it', async () => {
  const { endpoint } = await dynamodbLocal()
  const { records, memberships } = dynamodb({ tableName: 'none', endpoint, region: 'eu-west-1' })
  for (const call of [() => records.read('a'), () => records.create('a', record()), () => memberships.join('a', 'b')])
    assert.match(
      await messageOf(call()),
      `Error: There is no table 'none' in eu-west-1, ${endpoint}. Create it: ws-interlock/store/dynamodb has its \`tableDefinition\`.`,
    )
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: ANY })
  const { records: through } = dynamodb({ tableName: 'none', client })
  assert.match(await messageOf(through.read('a')), "There is no table 'none' in the region of the client. Create it")
  client.destroy()
})

test('what is not permitted is told with the action to grant', async () => {
  const user = 'User: arn:aws:sts::123456789012:assumed-role/chat/chat'
  const denied = (words: string) => refusal('AccessDeniedException', words)
  const named = await answering(denied(`${user} is not authorized to perform: dynamodb:ConditionCheckItem on resource`))
  assert.match(
    await messageOf(named.store.memberships.join('a', 'b')),
    'Grant dynamodb:ConditionCheckItem on the table',
  )
  const unnamed = await answering(denied('no'))
  assert.match(
    await messageOf(unnamed.store.records.read('a')),
    'it is not allowed. Grant dynamodb:GetItem on the table',
  )
  assert.match(
    await messageOf(unnamed.store.memberships.leave('a', 'b')),
    'Grant dynamodb:PutItem, dynamodb:DeleteItem and dynamodb:ConditionCheckItem on the table',
  )
  assert.is(named.seen.length + unnamed.seen.length, 3)
})

test('any other error is told at once, as it is', async () => {
  for (const [way, words] of [
    [refusal('UnrecognizedClientException', 'The security token is invalid.'), 'UnrecognizedClientException: The sec'],
    [refusal('ValidationException', 'One or more parameters are wrong'), 'ValidationException: One or more'],
    [cancelled('ValidationError'), 'TransactionCanceledException: Transaction cancelled: [ValidationError]'],
  ] as const) {
    const { store, seen } = await answering(way)
    assert.match(await messageOf(store.memberships.leave('a', 'b')), `table 'connections' failed: ${words}`)
    assert.is(seen.length, 1)
  }
})

test.run()
