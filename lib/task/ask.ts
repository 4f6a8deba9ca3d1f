import { NotFoundError, UnavailableError, WsError } from '../errors.ts'
import { MessageContext, type Out } from '../flow/context.ts'
import type { Schema } from '../schema.ts'
import type { Blobs } from '../store/store.ts'
import { portsOf } from './kept.ts'
import { type Begun, type Ended, type Follower, keysOf, openSeconds, type Step, type Told } from './task.ts'

/** `$task`: follow a task by this connection from now on, and say how far it is. */
export const askAfter = (context: object): Promise<Told> =>
  asking(context, async ({ out, blobs, taskId, begun }) => {
    await follow(blobs, out, taskId, begun.keepMs)
    return tell(blobs, taskId, begun)
  })

/** `$cancel`: ask for the end of a task. One that has ended stays as it is. */
export const cancel = (context: object): Promise<Told> =>
  asking(context, async ({ blobs, taskId, begun }) => {
    await blobs.put(keysOf(taskId).cancel, 'true', openSeconds(begun.keepMs))
    // Read after that: of a task that has ended by then nobody may have seen the wish.
    return tell(blobs, taskId, begun)
  })

/**
 * Have the connection of a message told from now on. Written before the end is looked for, as a worker writes the end
 * before it looks for whom to tell: one of the two sees the other.
 */
export const follow = (blobs: Blobs, { received }: Out, taskId: string, keepMs: number): Promise<void> => {
  const { connectionId, event } = received
  const { apiId, stage, domainName } = event.requestContext
  const follower: Follower = { connectionId, api: { apiId, stage, domainName } }
  return blobs.put(keysOf(taskId).to, JSON.stringify(follower), openSeconds(keepMs))
}

/** How a task has ended; `undefined` where it has not. */
export const endOf = async (blobs: Blobs, taskId: string): Promise<Ended | undefined> => {
  const text = await blobs.get(keysOf(taskId).end)
  // A claim of the end is an empty text.
  return text ? JSON.parse(text) : undefined
}

/** The message that a handler of tasks runs for. */
export const outOf = (context: object): Out => {
  const out = MessageContext.outOf(context)
  if (out) return out
  throw new TypeError('A task begins with a message.')
}

interface Asked {
  readonly out: Out
  readonly blobs: Blobs
  readonly taskId: string
  readonly begun: Begun
}

/** Do something for a task that is there. What a store has failed at may be asked for again. */
const asking = async (context: object, act: (asked: Asked) => Promise<Told>): Promise<Told> => {
  const out = outOf(context)
  const { taskId } = (context as { readonly data: { readonly taskId: string } }).data // as its schema says
  const { blobs } = portsOf(out.plan)
  try {
    const text = await blobs.get(keysOf(taskId).begun)
    if (text === undefined) throw new NotFoundError(UNKNOWN)
    return await act({ out, blobs, taskId, begun: JSON.parse(text) })
  } catch (cause) {
    throw cause instanceof WsError ? cause : new UnavailableError(SILENT, { cause, retryAfterMs: RETRY_MS })
  }
}

const UNKNOWN = 'There is no such task, or it is over for longer than it is kept.'
const SILENT = 'The store did not answer. Send the message again.'
export const RETRY_MS = 1_000

/** Say how far a task is. */
const tell = async (blobs: Blobs, taskId: string, { name }: Begun): Promise<Told> => {
  const keys = keysOf(taskId)
  const [ended, step, run] = await Promise.all([endOf(blobs, taskId), blobs.get(keys.step), blobs.get(keys.run)])
  if (ended) return { taskId, name, ...ended }
  if (step) return { taskId, name, state: 'running', ...(JSON.parse(step) as Step) }
  return { taskId, name, state: run === undefined ? 'queued' : 'running' }
}

/** What both routes take. A task is known by what nobody guesses, and by no other key of the store. */
export const TASK_ID: Schema = {
  '~standard': {
    version: 1,
    vendor: 'ws-interlock',
    validate: (value) => {
      const { taskId }: { readonly taskId?: unknown } = Object(value)
      if (typeof taskId === 'string' && UUID.test(taskId)) return { value: { taskId } }
      return { issues: [{ message: 'It is the id of a task, as the reply said it: a UUID.', path: ['taskId'] }] }
    },
  },
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
