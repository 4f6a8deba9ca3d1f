import { mistake, need, needFunctions, needKeys } from '../mistakes.ts'

/** Refuse options that the types would have refused: each mistake would otherwise be met at the first message. */
export const checkOptions = (options: object): void => {
  needKeys('dynamodb()', options, [...Object.keys(CHECKS), 'credentials', 'env'])
  const { tableName, client }: { readonly tableName?: unknown; readonly client?: unknown } = options
  need(typeof tableName === 'string' && tableName !== '', '`tableName`', "dynamodb({ tableName: 'connections' })")
  if (client !== undefined) needFunctions('dynamodb({ client }), a DynamoDBClient', client, ['send'])
  for (const [name, value] of Object.entries(options)) {
    const [is, what] = CHECKS[name] ?? []
    if (value !== undefined && is && !is(value)) throw mistake(`It is ${what}.`, `\`${name}\` in dynamodb()`)
  }
}

type Check = readonly [is: (value: unknown) => boolean, what: string]

const isCount = (value: unknown) => Number.isInteger(value) && Number(value) >= 0
const text: Check = [(value) => typeof value === 'string', 'a text']
const count: Check = [isCount, 'a whole number, from 0 up']
const positive: Check = [(value) => isCount(value) && value !== 0, 'a whole number above 0']
const func: Check = [(value) => typeof value === 'function', 'a function']

const CHECKS: Readonly<Record<string, Check>> = {
  tableName: text,
  client: [(value) => typeof value === 'object', 'a DynamoDBClient'],
  transactions: [(value) => typeof value === 'boolean', 'true or false'],
  pageSize: positive,
  now: func,
  retries: count,
  baseMs: count,
  capMs: count,
  random: func,
  wait: func,
  endpoint: text,
  region: text,
  timeoutMs: positive,
  maxSockets: positive,
}
