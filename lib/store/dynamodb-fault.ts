import type { Item } from './dynamodb-table.ts'

/** An answer of DynamoDB that is an error, or that there was none. */
export interface Fault {
  /** `ThrottlingException`, or `ECONNRESET` where nobody answered. */
  readonly type: string
  readonly message: string
  /** Absent where nobody answered. */
  readonly status: number | undefined
  /** The item that did not meet the condition, where the service hands it back. */
  readonly item: Item | undefined
  /** Why a transaction was cancelled: one for each of its actions, in order. */
  readonly reasons: readonly Reason[]
}

export interface Reason {
  readonly Code?: string
  readonly Message?: string
  readonly Item?: Item
}

/** What both the AWS SDK and our own way throw. */
export interface Thrown {
  readonly name?: string
  readonly message?: string
  readonly code?: unknown
  readonly cause?: unknown
  readonly $metadata?: { readonly httpStatusCode?: number } | undefined
  readonly Item?: Item | undefined
  readonly CancellationReasons?: readonly Reason[] | undefined
}

/** Read what was thrown. */
export const faultOf = (error: unknown): Fault => {
  const { name, message, code, cause, $metadata, Item, CancellationReasons }: Thrown = Object(error)
  const status = $metadata?.httpStatusCode
  const { code: deeper }: Thrown = Object(cause)
  const network = [code, deeper].find((one) => typeof one === 'string' && NETWORK.test(one))
  return {
    type: String((status === undefined && network) || name),
    message: message || String(error),
    status,
    item: Item,
    reasons: CancellationReasons ?? [],
  }
}

/** The condition of a write was not met: no mistake, and no reason to try again. */
export const isRefusal = ({ type, reasons }: Fault): boolean =>
  type === 'ConditionalCheckFailedException' || reasons.some(isRefused)

/** The same of one action of a transaction. */
export const isRefused = (reason: Reason | undefined): boolean => reason?.Code === 'ConditionalCheckFailed'

/** Other requests were at the same item: nothing was done, and the next attempt may do it. */
export const isConflict = ({ type, reasons }: Fault): boolean =>
  CONFLICTS.has(type) || reasons.some(({ Code = '' }) => CONFLICTS.has(Code) || THROTTLINGS.has(Code))

/** Too many requests, a server that failed, or no answer. */
export const isPassing = ({ type, status }: Fault): boolean =>
  THROTTLINGS.has(type) || (status === undefined ? NETWORK.test(type) : status >= 500)

const CONFLICTS = new Set(['TransactionConflictException', 'TransactionConflict', 'TransactionInProgressException'])
const THROTTLINGS = new Set([
  'ProvisionedThroughputExceededException',
  'ProvisionedThroughputExceeded',
  'ThrottlingException',
  'ThrottlingError',
  'RequestLimitExceeded',
])
/** Node's names for what a socket or a look-up met. */
const NETWORK = /^E(?!RR_)[A-Z_]+$/

/** Say what was wrong and what would be right. `where` is asked only where the answer depends on it. */
export const sentence = (
  operation: string,
  tableName: string,
  where: () => string,
  { type, message, reasons }: Fault,
  attempts: number,
): string => {
  const failed = `${operation} on the DynamoDB table '${tableName}' failed`
  const told = [
    type === 'Error' ? message : `${type}: ${message}`,
    ...reasons.flatMap(({ Message }) => Message ?? []),
  ].join('; ')
  if (type === 'ResourceNotFoundException')
    return `There is no table '${tableName}' in ${where()}. Create it: ws-interlock/store/dynamodb has its \`tableDefinition\`. (${told})`
  if (type === 'AccessDeniedException')
    return `${failed}: it is not allowed. Grant ${actionsOf(operation, message)} on the table to the role of this function. (${told})`
  if (type === 'UnknownOperationException' && operation === 'TransactWriteItems')
    return `${failed}: what answers has no transactions. For such an emulator pass dynamodb({ transactions: false }). (${told})`
  if (TOO_LARGE.test(told))
    return `${failed}: the record takes over 400 KB, and an item of DynamoDB has no more. Keep less in the context of the protocol. (${told})`
  return `${failed}${attempts > 1 ? ` ${attempts} times` : ''}: ${told}`
}

const TOO_LARGE = /item size/i

/** DynamoDB names the action that it refused; where it does not, those that the operation can ask for. */
const actionsOf = (operation: string, message: string) =>
  /dynamodb:[A-Z]\w+/.exec(message)?.[0] ??
  (operation === 'TransactWriteItems'
    ? 'dynamodb:PutItem, dynamodb:DeleteItem and dynamodb:ConditionCheckItem'
    : `dynamodb:${operation}`)
