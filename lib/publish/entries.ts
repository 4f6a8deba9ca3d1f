import { isThrottling, type Until } from './attempts.ts'
import type { Published } from './publisher.ts'

/** What is called of a client of the AWS SDK v3. */
export interface Client {
  readonly send: (command: never, options?: Until) => Promise<unknown>
}

/** What SQS and SNS say of the entries of a request, which are called by their places. */
export interface Said {
  readonly Successful?:
    | readonly { readonly Id?: string | undefined; readonly MessageId?: string | undefined }[]
    | undefined
  readonly Failed?: readonly Failed[] | undefined
}

interface Failed {
  readonly Id?: string | undefined
  readonly Code?: string | undefined
  readonly Message?: string | undefined
  readonly SenderFault?: boolean | undefined
}

/** Read it in the order of the entries. Of one that neither list has, nothing is known. */
export const readEntries = (count: number, { Successful = [], Failed = [] }: Said): readonly Published[] => {
  const answers: Published[] = Array.from({ length: count })
  for (const { Id, MessageId = '' } of Successful) answers[Number(Id)] = { ok: true, id: MessageId }
  for (const { Id, Code = 'Unknown', Message = '', SenderFault } of Failed)
    answers[Number(Id)] = { ok: false, code: Code, message: Message, isPassing: !SenderFault || isThrottling(Code) }
  return answers
}
