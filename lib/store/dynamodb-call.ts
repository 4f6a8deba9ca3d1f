import { type Fault, faultOf, isConflict, isPassing, isRefusal, sentence } from './dynamodb-fault.ts'
import { type DynamodbClient, sdkSend } from './dynamodb-sdk.ts'
import { type Operation, type SendOptions, signedSend } from './dynamodb-send.ts'
import type { Item } from './dynamodb-table.ts'

export interface CallingOptions extends SendOptions {
  /** A table of the shape of `tableDefinition`. */
  readonly tableName: string
  /** A client of the AWS SDK v3 to send through; its region, endpoint, credentials and retries are then its own. */
  readonly client?: DynamodbClient | undefined
  /** How often a request is sent again that met throttling, a conflict, a failed server or nobody. @default 3 */
  readonly retries?: number | undefined
  /** The longest first wait, in milliseconds; it doubles with each attempt. @default 50 */
  readonly baseMs?: number | undefined
  /** The longest wait of all, in milliseconds. @default 1_000 */
  readonly capMs?: number | undefined
  /** Between 0 and 1: which part of the longest wait is waited. @default Math.random */
  readonly random?: (() => number) | undefined
  /** Wait between attempts. @default a timer */
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined
}

/** What is read of the answers. */
export interface Output {
  readonly Item?: Item
  readonly Items?: readonly Item[]
  readonly LastEvaluatedKey?: Item
  /** What was there before, where `ReturnValues` asks for it. */
  readonly Attributes?: Item
  /** The condition of the write was not met. */
  readonly refused?: Fault
}

/** One operation of DynamoDB. Rejects with a sentence when nothing more is to be done. */
export type Ask = (operation: Operation, input: object) => Promise<Output>

/** Ask DynamoDB, again where that may help. */
export const asking = (options: CallingOptions): Ask => {
  const { tableName, retries = 3, baseMs = 50, capMs = 1_000, random = Math.random, wait = waitFor } = options
  const { send, where, mayPass } = wayOf(options)

  return async (operation, input) => {
    for (let attempt = 1; ; attempt++)
      try {
        // A cast, because this is what the operations of `Operation` answer.
        return (await send(operation, input)) as Output
      } catch (error) {
        const fault = faultOf(error)
        if (isRefusal(fault)) return { refused: fault }
        if (attempt > retries || !mayPass(fault))
          throw new Error(sentence(operation, tableName, where, fault, attempt), { cause: error })
        // Full jitter: those who met in one conflict would meet again after equal waits.
        await wait(Math.round(Math.min(capMs, baseMs * 2 ** (attempt - 1)) * random()))
      }
  }
}

const wayOf = (options: CallingOptions) =>
  options.client
    ? // The SDK tries again by itself, but takes a cancelled transaction for final.
      { send: sdkSend(options.client), where: () => 'the region of the client', mayPass: isConflict }
    : { ...signedSend(options), mayPass: (fault: Fault) => isConflict(fault) || isPassing(fault) }

const waitFor = (ms: number) => process.getBuiltinModule('node:timers/promises').setTimeout(ms)
