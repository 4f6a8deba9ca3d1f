/**
 * The table that `dynamodb()` works on: what CreateTable takes, less the name.
 *
 * ```ts
 * await client.send(new CreateTableCommand({ TableName: 'connections', ...tableDefinition }))
 * ```
 *
 * CloudFormation, SAM and CDK's `CfnTable` have the same words for it.
 */
export const tableDefinition: TableDefinition = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
}

/**
 * What UpdateTimeToLive and CloudFormation take as the table's `TimeToLiveSpecification`. It sweeps up; nothing is
 * wrong while DynamoDB has not got to it.
 */
export const timeToLive = { AttributeName: 'ttl', Enabled: true }

// Of lists that may be changed, as the SDK's own types have them.
export interface TableDefinition {
  readonly AttributeDefinitions: { AttributeName: string; AttributeType: 'S' }[]
  readonly KeySchema: { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[]
  readonly BillingMode: 'PAY_PER_REQUEST'
}

/** An item as DynamoDB writes it. Only the types of value that this table has. */
export type Item = Readonly<
  Record<string, { readonly S?: string; readonly N?: string; readonly BOOL?: boolean } | undefined>
>

/** The record of a connection. */
export const recordKey = (connectionId: string) => keyOf(connection(connectionId), SINGLE)

/** The row by which a channel finds a member. */
export const memberKey = (channel: string, shard: number, connectionId: string) =>
  keyOf(memberPartition(channel, shard), connection(connectionId))

/** The row by which a connection finds a channel that it is in, and in which of its shards. There is one, or none. */
export const reverseKey = (channel: string, connectionId: string) =>
  keyOf(connection(connectionId), `${CHANNEL}${encode(channel)}`)

/** How many shards a channel has: the first row of its first one, so that who reads the members reads it with them. */
export const shardsKey = (channel: string) => keyOf(memberPartition(channel, 0), SINGLE)

/** A text that is kept for a while. */
export const blobKey = (key: string) => keyOf(`${BLOB}${key}`, SINGLE)

/** The partition of what is one connection's. */
export const connection = (connectionId: string) => `${CONNECTION}${connectionId}`

/** The partition of a shard's members. One takes 1,000 writes a second (DynamoDB, "Best practices for designing partition
 * keys"). */
export const memberPartition = (channel: string, shard: number) => `${CHANNEL}${encode(channel)}#${shard}`

/** Whose row this is, of those in the partition of a shard. `undefined` for the number of shards. */
export const memberOf = ({ sk }: Item): string | undefined =>
  sk?.S?.startsWith(CONNECTION) ? sk.S.slice(CONNECTION.length) : undefined

/** Which channel this is about, of the reverse rows of a connection. */
export const channelOf = ({ sk }: Item): string => decode(sk?.S?.slice(CHANNEL.length) ?? '')

export const CHANNEL = 'H#'
const CONNECTION = 'C#'
const BLOB = 'B#'
/** What there is one of in its partition. It comes before every `C#`. */
const SINGLE = '@'

const keyOf = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } })

/** A channel named `a#1` is not shard 1 of the channel `a`. Control characters begin the names of the library's own. */
const encode = (channel: string) =>
  channel.replace(/[%#\p{Cc}]/gu, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
const decode = (encoded: string) =>
  encoded.replace(/%(..)/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
