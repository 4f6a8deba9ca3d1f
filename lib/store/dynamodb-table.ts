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
export const recordKey = (connectionId: string) => keyOf(connection(connectionId), RECORD)

/** The row by which a channel finds a member. */
export const memberKey = (channel: string, connectionId: string) =>
  keyOf(memberPartition(channel), connection(connectionId))

/** The row by which a connection finds a channel that it is in. */
export const reverseKey = (channel: string, connectionId: string) =>
  keyOf(connection(connectionId), memberPartition(channel))

/** The partition of what is one connection's. */
export const connection = (connectionId: string) => `${CONNECTION}${connectionId}`

/** The partition of a channel's members. A channel has one, which takes 1,000 writes a second (DynamoDB, "Best practices
 * for designing partition keys"). */
export const memberPartition = (channel: string) => `${CHANNEL}${encode(channel)}#${SHARD}`

/** Whose row this is, of those in the partition of a channel. */
export const memberOf = ({ sk }: Item): string => sk?.S?.slice(CONNECTION.length) ?? ''

/** Which channel this is about, of the reverse rows of a connection. */
export const channelOf = ({ sk }: Item): string => decode(sk?.S?.slice(CHANNEL.length).replace(/#[^#]*$/, '') ?? '')

export const CONNECTION = 'C#'
export const CHANNEL = 'H#'
const RECORD = '@'
const SHARD = '0'

const keyOf = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } })

/** A channel named `a#1` is not shard 1 of the channel `a`. */
const encode = (channel: string) => channel.replace(/[%#]/g, (char) => (char === '#' ? '%23' : '%25'))
const decode = (encoded: string) => encoded.replace(/%2[35]/g, (code) => (code === '%23' ? '#' : '%'))
