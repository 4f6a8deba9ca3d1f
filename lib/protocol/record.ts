import type { EventObject } from 'xstate'
import type { ConnectionRecord, Done, StoredState } from '../store/store.ts'
import type { Machine, Step } from './machine.ts'

/** A record of a connection under a protocol. */
export type Open = ConnectionRecord & { readonly state: StoredState }

export const isOpen = (record: ConnectionRecord): record is Open => record.state !== undefined
/** Whether what its token said of it counts no more. */
export const isOver = ({ expiresAt }: ConnectionRecord, now: number) => expiresAt !== undefined && expiresAt <= now
export const holds = ({ done = [] }: ConnectionRecord, token: string) => done.some((one) => one.startsWith(`${token} `))
/** What is remembered of a message, if it is among the last. */
export const applied = ({ done = [] }: ConnectionRecord, id: string): Done | undefined =>
  done.find((one) => one.endsWith(` ${id}`) && idOf(one) === id)
export const doneOf = (ask: { readonly id: string; readonly token: string; readonly event: EventObject }): Done =>
  `${ask.token} ${markOf(ask)} ${ask.id}`
/** Whether it was the same message, or another one under its id. */
export const isSame = (done: Done, ask: { readonly id: string; readonly event: EventObject }): boolean =>
  done.endsWith(` ${markOf(ask)} ${ask.id}`)

/** The peer's id of a message that was applied; empty where it gave none, or where it was no message. */
export const idOf = (done: Done): string => done.slice(done.indexOf(' ', done.indexOf(' ') + 1) + 1)
export const origin = ({ state, due = [] }: Open) => ({ state, due })
export const failed = (error: unknown) => ({ kind: 'failed', error }) as const
export const done = ({ state, actions }: Step) =>
  ({ kind: 'done', state, actions, final: state.done === true }) as const

/** Guards and assigns are the user's code: what they throw is an outcome. */
export const attempt = <Result>(run: () => Result): Result | { readonly kind: 'failed'; readonly error: unknown } => {
  try {
    return run()
  } catch (error) {
    return failed(error)
  }
}

export const fold = (machine: Machine, first: Step, raised: readonly EventObject[], now: number) =>
  attempt((): Step => {
    if (raised.length > MAX_RAISED)
      throw new RangeError(`A handler raised ${raised.length} events; ${MAX_RAISED} are allowed.`)
    let step = first
    for (const event of raised) {
      if (!machine.can(step.state, event)) throw new NotAllowed(event.type, step.state)
      const next = machine.next(step, event, now)
      step = { ...next, actions: [...step.actions, ...next.actions] }
    }
    checkSize(step.state)
    return step
  })

export const checkSize = ({ context }: StoredState) => {
  const bytes = bytesOf(context)
  if (bytes <= MAX_STATE_BYTES) return
  const [[key] = ['']] = Object.entries(Object(context)).sort(([, a], [, b]) => bytesOf(b) - bytesOf(a))
  throw new RangeError(
    `The context of the protocol takes ${bytes} bytes; ${MAX_STATE_BYTES} are allowed. Keep its largest part elsewhere: '${key}'.`,
  )
}

const bytesOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value) ?? '')

/** An event from inside that the machine does not accept: a defect of whoever sent it. */
export class NotAllowed extends TypeError {
  readonly state: StoredState

  constructor(event: string, state: StoredState) {
    super(`'${event}' was raised where the protocol does not allow it.`)
    this.state = state
  }
}

/**
 * Equality decides, not identity: XState returns a new snapshot for an `assign` of an equal value. A delay that starts
 * anew changes what must be stored too.
 */
export const changes = (record: Open, { state, due }: Step) =>
  !(same(state, record.state) && same(due, origin(record).due))

export const same = (a: unknown, b: unknown) => a === b || JSON.stringify(a) === JSON.stringify(b)

/** The next record, with nobody holding it. */
export const release = (record: Open, { state, due }: Pick<Step, 'state' | 'due'>, committed?: Done): Open => {
  const { claim: _, due: __, done: past = [], ...rest } = record
  const remembered = committed === undefined ? past : newest([...past, committed])
  return {
    ...rest,
    version: record.version + 1,
    state,
    ...(due.length > 0 && { due }),
    ...(remembered.length > 0 && { done: remembered }),
  }
}

/** As many as fit, so that a record with long ids stays below the kilobyte too. */
const newest = (done: readonly Done[]): readonly Done[] => {
  let kept = done.slice(-REMEMBERED)
  while (kept.length > REMEMBERED_AT_LEAST && lengthOf(kept) > REMEMBERED_CHARS) kept = kept.slice(1)
  return kept
}

const lengthOf = (done: readonly Done[]) => done.reduce((sum, one) => sum + one.length, 0)

/**
 * What tells a message from another one that came under the same id: 32 bits of FNV-1a over what it says. No secret, and
 * no defence: whoever makes two messages collide is told that his second one was applied.
 */
const markOf = ({ id, event }: { readonly id: string; readonly event: EventObject }): string => {
  if (!id) return ''
  const text = JSON.stringify(event)
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** How many of the last committed messages a record remembers: with ids of a few characters, and with long ones. */
const REMEMBERED = 16
const REMEMBERED_AT_LEAST = 8
const REMEMBERED_CHARS = 512
/** A handler that raises more events than this is taken for a loop. */
const MAX_RAISED = 16
/** A snapshot above this is refused: DynamoDB bills each started kilobyte and refuses an item above 400 KB. */
const MAX_STATE_BYTES = 64 * 1024
