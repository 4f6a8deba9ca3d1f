import { NotFoundError, UnavailableError, WsError } from '../errors.ts'
import { MessageContext, type Out } from '../flow/context.ts'
import type { Schema } from '../schema.ts'
import type { Blobs } from '../store/store.ts'
import { askersOf, checkCrowd, follow, unfollow } from './followers.ts'
import { portsOf } from './kept.ts'
import { type Begun, type Ended, keysOf, openSeconds, type Step, type Told } from './task.ts'

/** `$task`: follow a task by this connection from now on, and say how far it is. */
export const askAfter = (context: object): Promise<Told> =>
  asking(context, async ({ out, blobs, taskId, begun }) => {
    const { plan, received } = out
    const { connectionId } = received
    // Told in any case.
    if (connectionId === begun.connectionId) return tell(blobs, taskId, begun)
    const ended = await endOf(blobs, taskId)
    if (ended) return { taskId, name: begun.name, ...ended }
    await follow(plan, taskId, connectionId)
    // Read after that, as a worker writes the end before it reads who follows: one of the two sees the other.
    const [told, askers] = await Promise.all([tell(blobs, taskId, begun), askersOf(plan, taskId)])
    const isOver = told.state !== 'queued' && told.state !== 'running'
    // Ended meanwhile: its worker may not have seen this one. Best effort: it ends with the connection.
    if (isOver) await unfollow(plan, taskId, connectionId).catch(console.error)
    else await checkCrowd(plan, taskId, connectionId, askers)
    return told
  })

/** `$cancel`: ask for the end of a task. One that has ended stays as it is. */
export const cancel = (context: object): Promise<Told> =>
  asking(context, async ({ blobs, taskId, begun }) => {
    await blobs.put(keysOf(taskId).cancel, 'true', openSeconds(begun.keepMs))
    // Read after that: of a task that has ended by then nobody may have seen the wish.
    return tell(blobs, taskId, begun)
  })

/** How a task has ended; `undefined` where it has not. */
export const endOf = async (blobs: Blobs, taskId: string): Promise<Ended | undefined> => {
  const text = await blobs.get(keysOf(taskId).end)
  return text === undefined ? undefined : JSON.parse(text)
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
