import type { Test } from 'uvu'
import { makeId } from 'ws-interlock/testing'
import { createTable, dynamodbLocal, needsDynamodbLocal } from '../kit/dynamodb.ts'
import { needs } from '../kit/needs.ts'
import { redisOf } from '../kit/redis.ts'
import type { Place } from './stores.ts'

/** The real stores, for a suite: how a spec on one is run, and a new place there. Each is started when first asked for. */
export const placesFor = (test: Test) => {
  const { server, end } = redisOf()
  test.after(end)
  return [
    {
      name: 'DynamoDB Local',
      run: needsDynamodbLocal(test),
      place: async (): Promise<Place> => {
        const { endpoint } = await dynamodbLocal()
        return { kind: 'dynamodb', endpoint, tableName: await createTable(endpoint) }
      },
    },
    {
      name: 'Redis',
      run: needs(test, 'redis-server'),
      place: async (): Promise<Place> => ({ kind: 'redis', port: (await server()).port, prefix: `${makeId()}:` }),
    },
  ] as const
}

/** Made once, at the first use. */
export const once = <Value>(make: () => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Do it for all, a few at a time. */
export const pool = async <Item, Result>(
  items: readonly Item[],
  width: number,
  run: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  const queue = items.entries()
  const work = async () => {
    for (const [index, item] of queue) results[index] = await run(item, index)
  }
  await Promise.all(Array.from({ length: width }, work))
  return results
}
