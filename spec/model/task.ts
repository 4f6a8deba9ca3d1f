import type { EventObject } from 'xstate'
import type { Answer, Effect, Engine, Handled } from '../../lib/protocol/effect.ts'
import { end } from '../../lib/protocol/end.ts'
import { type Ask, apply, type Policy, tick } from '../../lib/protocol/engine.ts'
import type { Machine } from '../../lib/protocol/machine.ts'
import { resume } from '../../lib/protocol/resume.ts'
import type { MembershipChanges } from '../../lib/store/store.ts'
import { toy } from './toy.ts'

/** One invocation of a Lambda. */
export interface Task {
  /** Unlike any other's: its token, too. */
  readonly name: string
  /** What it does, in a word. */
  readonly what: string
  /** The message's id, which attempts share. */
  readonly id: string
  /** Its connection. */
  readonly on: string
  /** The connection that it takes over. */
  readonly from?: string
  /** What its handler is for. */
  readonly event?: EventObject
  /** What its handler answers. */
  readonly handled?: Handled
  readonly begin: (now: number) => Generator<Act, Told, Answer>
}

/** An effect of the engine, or one of the steps around it: a handler ends, and what it has sent is let out. */
export type Act = Effect | { readonly op: 'ran' } | { readonly op: 'send' }

/** What the peer, or whoever asked, is told. */
export interface Told {
  readonly kind: string
}

/** How invocations reckon with time, and what they run on. */
export interface Settings {
  /** A function is killed so long after its start. Absent: never, however long it sleeps. */
  readonly lifeMs?: number
  /** How long a claim holds: from the start and beyond the life, or from the claim where nobody is killed. */
  readonly leaseMs: number
  /** How often a message waits. */
  readonly tries: number
  /** Whether the store can change a record and memberships at once. */
  readonly whole: boolean
  readonly engine: (machine: Machine, ask: Ask, policy: Policy) => Engine<Told>
}

export type Make = (settings: Settings) => Task

interface MessageOptions {
  readonly on?: string
  /** The id that attempts of one message share. @default its name */
  readonly id?: string
  readonly exclusive?: boolean
  readonly fails?: boolean
  /** Types of events that the handler raises. */
  readonly raises?: readonly string[]
  readonly joins?: readonly string[]
  readonly leaves?: readonly string[]
  readonly dep?: number
  readonly counts?: boolean
  readonly machine?: Machine
}

/** A message of the peer. */
export const send =
  (name: string, type: string, options: MessageOptions = {}): Make =>
  (settings) => {
    const { on = 'c', id = name, exclusive = false, fails, raises = [], dep, counts, machine = toy() } = options
    const { joins, leaves } = options
    const ask = {
      event: { type, by: id || name },
      id,
      token: name,
      exclusive,
      ...(dep !== undefined && { dep }),
      ...(counts && { counts }),
    }
    const raised = raises.map((one) => ({ type: one, by: `${id}+` }))
    const changes = (joins || leaves) && { join: joins ?? [], leave: leaves ?? [] }
    const handled: Handled = fails ? { ok: false, error: 'no' } : { ok: true, raised, ...(changes && { changes }) }
    return {
      name,
      what: fails ? `${type}, which fails` : type,
      id,
      on,
      event: ask.event,
      handled,
      begin: (now) => handle(settings.engine(machine, ask, policyOf(settings, now)), handled, settings.whole),
    }
  }

/** An event of the server. */
export const dispatch =
  (name: string, type: string, on = 'c'): Make =>
  (settings) => {
    const event = { type, by: name }
    return {
      ...{ name, what: `dispatch ${type}`, id: '', on },
      begin: (now) => apply(toy(), [event], { id: '', token: name, event }, policyOf(settings, now)),
    }
  }

/** Somebody looks whether a deadline is over. */
export const look =
  (name: string, on = 'c'): Make =>
  (settings) => ({
    ...{ name, what: 'tick', id: '', on },
    begin: (now) => tick(toy(), policyOf(settings, now)),
  })

/** The end of a connection. */
export const part =
  (name: string, by: 'disconnect' | 'gone', on = 'c', keep = true): Make =>
  () => ({
    ...{ name, what: by === 'gone' ? '410' : '$disconnect', id: '', on },
    *begin(now) {
      try {
        const { first, untidy } = yield* end({ by, token: name, at: now }, keep)
        return { kind: untidy ? 'untidy' : first ? 'closed' : 'closed before' }
      } catch {
        return { kind: 'thrown' }
      }
    },
  })

/** A new connection takes over an old one. */
export const takeOver =
  (name: string, from: string, self: string, key?: string): Make =>
  (settings) => ({
    ...{ name, what: `$resume of ${from}`, id: '', on: self, from },
    begin: (now) => resume(toy(), { from, self, token: name, key, windowMs: WINDOW_MS }, policyOf(settings, now)),
  })

/** How long a connection that ended can be taken over. */
export const WINDOW_MS = 50

/** What `state/commit.ts` does around the engine: it revokes memberships, and lets out what was sent. */
function* handle(engine: Engine<Told>, handled: Handled, whole: boolean): Generator<Act, Told, Answer> {
  let exclusive = false
  let step = engine.next()
  while (!step.done) {
    if (step.value.op !== 'run') {
      step = engine.next(yield step.value)
      continue
    }
    exclusive = step.value.exclusive
    const { now } = yield step.value
    yield { op: 'ran' }
    const revoked = whole || (yield* revoke(changesOf(handled).leave))
    step = engine.next({ now, handled: revoked ? given(handled, whole) : { ok: false, error: 'not revoked' } })
  }
  if (step.value.kind === 'done' && exclusive) yield { op: 'send' }
  return step.value
}

function* revoke(channels: readonly string[]): Generator<Act, boolean, Answer> {
  for (const channel of channels) if ((yield { op: 'leave', channel }).failed) return false
  return true
}

const changesOf = (handled: Handled): MembershipChanges => (handled.ok && handled.changes) || { join: [], leave: [] }

/** Where the store cannot do both at once, the engine hears of joins alone. */
const given = (handled: Handled, whole: boolean): Handled =>
  handled.ok && !whole ? { ok: true, raised: handled.raised, joins: changesOf(handled).join } : handled

const policyOf = ({ lifeMs, leaseMs, tries }: Settings, begun: number): Policy => ({
  deadline: lifeMs === undefined ? (now) => now + leaseMs : () => begun + lifeMs + leaseMs,
  canStart: (now) => lifeMs === undefined || begun + lifeMs - now >= 1,
  backoff: () => 1,
  patienceMs: tries,
})
