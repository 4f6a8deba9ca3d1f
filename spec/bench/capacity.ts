import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { record } from '../../lib/conformance/made.ts'
import type { Item } from '../../lib/store/dynamodb-table.ts'
import { createTable, dynamodbLocal } from '../kit/dynamodb.ts'

/** What a call of the store takes of a table's capacity: units of 4 KB read, and of 1 KB written. */
export interface Capacity {
  readonly call: string
  readonly recordBytes: number
  readonly readUnits: number
  readonly writeUnits: number
  readonly requests: number
}

/**
 * Capacity of each kind of call, on records of 400 bytes and of 1.5 KB.
 *
 * DynamoDB Local counts what is no transaction. What it says of a transaction is the same for one action and for five, so
 * those are reckoned by the rule: two units for each started kilobyte of each action (DynamoDB, "Managing complex
 * workflows with DynamoDB transactions", capacity management).
 */
export const capacities = async (): Promise<readonly Capacity[]> => {
  const { endpoint } = await dynamodbLocal()
  const tableName = await createTable(endpoint)
  const sdk = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials: ANY })
  let used = NOTHING
  const use = (readUnits: number, writeUnits: number) => {
    used = {
      readUnits: used.readUnits + readUnits,
      writeUnits: used.writeUnits + writeUnits,
      requests: used.requests + 1,
    }
  }

  const all: Capacity[] = []
  for (const recordBytes of [400, 1_500]) {
    const client = {
      send: async (command: never) => {
        // Casts, because what is asked for and read here is of every operation.
        const { input } = command as { readonly input: Input }
        input.ReturnConsumedCapacity = 'TOTAL'
        const { ConsumedCapacity, ...output } = (await sdk.send(command)) as Counted
        const units = ConsumedCapacity?.CapacityUnits ?? 0
        if (input.TransactItems)
          use(0, 2 * input.TransactItems.reduce((sum, one) => sum + unitsOf(one, recordBytes), 0))
        else if (input.ConsistentRead) use(units, 0)
        else use(0, units)
        return output
      },
    }
    const { records, memberships, commit } = dynamodb({ tableName, client })
    const id = `connection${recordBytes}`
    const sized = (version: number) => recordOf(version, recordBytes)
    const count = async (call: string, run: () => Promise<unknown> | undefined) => {
      used = NOTHING
      await run()
      all.push({ call, recordBytes, ...used })
    }
    await count('create', () => records.create(id, sized(1)))
    await count('read', () => records.read(id))
    await count('replace', () => records.replace(id, 1, sized(2)))
    await count('join', () => memberships.join(id, 'lobby'))
    await count('has', () => memberships.has(id, 'lobby'))
    await count('members, one of one', () => memberships.members('lobby'))
    await count('channels, one of one', () => memberships.channels(id))
    await count('leave', () => memberships.leave(id, 'lobby'))
    await count('commit with one join', () => commit?.(id, 2, sized(3), { join: ['lobby'], leave: [] }))
  }
  sdk.destroy()
  return all
}

/** What a message takes, by what becomes of it: the calls that it makes. */
export const messageCapacities = async (): Promise<readonly Capacity[]> => {
  const calls = await capacities()
  return [400, 1_500].flatMap((recordBytes) =>
    Object.entries(CLASSES).map(([call, names]) => {
      const used = names.map((name) => calls.find((one) => one.call === name && one.recordBytes === recordBytes))
      const sum = (of: 'readUnits' | 'writeUnits' | 'requests') => used.reduce((all, one) => all + (one?.[of] ?? 0), 0)
      return {
        call,
        recordBytes,
        readUnits: sum('readUnits'),
        writeUnits: sum('writeUnits'),
        requests: sum('requests'),
      }
    }),
  )
}

/** As spec/protocol/costs.spec.ts counts them. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  'refused, or a repetition': ['read'],
  'leaves the state as it is': ['read'],
  'changes the state': ['read', 'replace', 'replace'],
  'changes the state, and joins a channel': ['read', 'replace', 'commit with one join'],
  $connect: ['create'],
  '$disconnect, of one channel': ['read', 'replace', 'channels, one of one', 'leave'],
}

interface Input {
  ReturnConsumedCapacity?: string
  readonly ConsistentRead?: boolean
  readonly TransactItems?: readonly Action[]
}

interface Action {
  readonly Put?: { readonly Item: Item }
  readonly Delete?: object
  readonly ConditionCheck?: object
}

interface Counted {
  readonly ConsumedCapacity?: { readonly CapacityUnits?: number }
}

const NOTHING = { readUnits: 0, writeUnits: 0, requests: 0 }
const ANY = { accessKeyId: 'any', secretAccessKey: 'any' }

/** A membership's row has 100 bytes or so; what is only checked costs as if it were written. */
const unitsOf = ({ Put, ConditionCheck }: Action, recordBytes: number) =>
  Math.ceil((Put ? bytesOf(Put.Item) : ConditionCheck ? recordBytes : 100) / 1024)

const bytesOf = (item: Item) =>
  Object.entries(item).reduce(
    (sum, [name, value]) => sum + name.length + Buffer.byteLength(value?.S ?? value?.N ?? 'x'),
    0,
  )

const recordOf = (version: number, bytes: number) => {
  const sized = (text: string) => record({ version, state: { value: 'joined', context: { text } } })
  return sized('x'.repeat(bytes - JSON.stringify(sized('')).length))
}

if (process.argv[1] === import.meta.filename) console.table(await capacities())
