import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { blobCases, commitCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { createTable, dynalite, dynamodbLocal, needsDynamodbLocal } from '../kit/dynamodb.ts'

const test = suite('dynamodb store')
const onLocal = needsDynamodbLocal(test)

/** Less than most channels of the cases have, so that more than one page is read. */
const pageSize = 7
/** Signed for any account, and sent there all the same. */
const credentials = { accessKeyId: 'any', secretAccessKey: 'any' }

/** Made once, at the first use. */
const once = <Value>(make: () => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

const signed = once(async () => {
  const { endpoint } = await dynamodbLocal()
  return dynamodb({ tableName: await createTable(endpoint), endpoint, pageSize })
})

let client: DynamoDBClient | undefined
const throughSdk = once(async () => {
  const { endpoint } = await dynamodbLocal()
  // All cases at once, each with many calls at once.
  const requestHandler = { httpAgent: { maxSockets: 1_000 } }
  client = new DynamoDBClient({ endpoint, credentials, region: 'us-east-1', requestHandler })
  return dynamodb({ tableName: await createTable(endpoint), client, pageSize })
})

const withoutTransactions = once(async () => {
  const { endpoint } = await dynalite()
  return dynamodb({ tableName: await createTable(endpoint), endpoint, pageSize, transactions: false })
})

test.after(() => client?.destroy())

const stores: readonly (readonly [where: string, make: () => Promise<Store>, run: typeof onLocal])[] = [
  ['DynamoDB Local, signed', signed, onLocal],
  ['DynamoDB Local, SDK', throughSdk, onLocal],
  ['dynalite', withoutTransactions, (claim, check) => test(claim, check)],
]

/** Through the SDK they are the same requests: once, and all together. */
const moreCases = [...noteCases, ...shardCases, ...blobCases]

for (const [where, make, run] of stores) {
  const cases = [
    ...storeCases,
    ...(make === throughSdk ? [] : moreCases),
    ...(make === withoutTransactions ? [] : commitCases),
  ]
  if (make !== throughSdk)
    for (const { claim, check } of cases) run(`${where}: ${claim}`, async () => check(await make()))

  run(`${where}: every case holds in one store, all at the same time`, async () => {
    const store = await make()
    await Promise.all(cases.map(({ check }) => check(store)))
  })
}

test('a store without transactions has no commit', async () => {
  assert.is((await withoutTransactions()).commit, undefined)
})

test.run()
