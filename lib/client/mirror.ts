import type { AnyStateMachine, EventObject } from 'xstate'
import type { PeerError } from '../errors.ts'
import { changing, eventsOf } from '../protocol/check.ts'
import { foresight } from '../protocol/foresee.ts'
import { type Origin, wrap } from '../protocol/machine.ts'
import { endingOf, refusalOf } from '../protocol/refusal.ts'
import type { Due } from '../store/store.ts'
import { same } from './state-value.ts'

/** What a client knows of the state of its connection. */
export interface Mirror {
  /** The events that may change the state in some state. */
  readonly changing: ReadonlySet<string>
  /** A connection that begins anew: the initial state. `since`: when it was dialled, in epoch milliseconds. @default now */
  readonly begin: (since?: number) => void
  /** A connection that goes on where another was (`recovered`): the server says in which state. `undefined`: nobody knows. */
  readonly resume: (value: unknown) => void
  /** Whether the message is allowed now, as far as the client knows. Guards included. */
  readonly can: (name: string, data?: unknown) => boolean
  /** The refusal where the server is sure to refuse: undefined where it may accept. Asked right before a message leaves. */
  readonly refusal: (name: string, data?: unknown) => PeerError | undefined
  /** The server accepted a message, or says that it had: `ALREADY_EXISTS`. `id`: of the message. */
  readonly accepted: (name: string, data: unknown, id: string) => void
  /**
   * The server refused one: `FAILED_PRECONDITION` with `details.state` tells where it is. `UNKNOWN`, also of a message
   * that was given up: whether it was applied is not known. `name`: of the message. @default that of the last one sent
   */
  readonly refused: (error: Pick<PeerError, 'code' | 'details'>, name?: string) => void
  /** A push `$state`. */
  readonly told: (data: unknown) => void
  /**
   * The machine's snapshot as XState has it: `matches()`, `can()`, `value`, `context`. Its context is what the client can
   * compute: of the input that it was given and of what it sent. `undefined` before the first connection, and while
   * nobody here knows the state.
   */
  readonly snapshot: unknown
}

export interface MirrorOptions {
  readonly input?: unknown
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Events that no peer sends: not among those that a refusal says are allowed. @default none */
  readonly internal?: readonly string[]
}

/**
 * Go with the machine of a connection, from what the server answers. What it says is sure (`refusal`) follows from the
 * values of states alone, and not where a delay may just have ended or a guard has decided: the server decides by a
 * context of its own. `snapshot` and `can` go on with the best guess.
 */
export const mirror = (given: AnyStateMachine, { input, now, internal = [] }: MirrorOptions): Mirror => {
  const machine = wrap(given, ({ value, context }) => ({ value, context }))
  const { foreseen, begins, timed, hidden } = foresight(given)
  const names = new Set(eventsOf(given).filter((name) => !internal.includes(name)))
  const changes = new Set(changing(given).filter((name) => names.has(name)))
  /** When each message was last sent, and what had been told by then. */
  const sent = new Map<string, { readonly since: number; readonly tolds: number }>()
  /** What was accepted of late. */
  let log: Entry[] = []
  /** Messages that a state of which the server told has in it, and that are not answered yet. */
  const ahead = new Set<string>()
  let at: Origin | undefined
  let context: unknown
  let isSure = false
  let shown: { readonly state: unknown; readonly snapshot: unknown } | undefined
  let latest = 0
  let isClockBack = false
  let tolds = 0
  let toldOf = 0
  let last = ''

  const time = () => {
    const time = now()
    if (time < latest) isClockBack = true
    latest = time
    return time
  }
  const go = (to: Origin | undefined, sure: boolean) => {
    at = to && (timed ? to : { ...to, due: to.due.map(soon) })
    context = to?.state.context ?? context
    isSure = sure && to !== undefined
  }
  const forget = () => {
    log = []
    sent.clear()
    ahead.clear()
    isClockBack = false
    toldOf = 0
  }
  /** Go where the server says that it is. For how long it has been there, nobody said. */
  const put = (value: unknown) => {
    const running = at && isSure ? at.due : []
    const moved = attempt(() => machine.migrate({ state: { value, context }, due: running }, undefined, time()))
    // Another version of the machine may have other states.
    if (!moved || !same(moved.state.value, value)) return go(undefined, false)
    go({ ...moved, due: moved.due.map((due) => (running.includes(due) ? due : soon(due))) }, !hidden)
  }
  const isLate = (due: Due | undefined) => due !== undefined && (isClockBack || due.at - MARGIN_MS <= time())
  /** Where the server may be: as last known, or where the delays that may have ended lead, one after the other. */
  const maybe = (from: Origin): { readonly all: readonly Origin[]; readonly isAll: boolean } => {
    const all = [from]
    for (let last = from; all.length < MAX_LAPSES; all.push(last)) {
      const [due, second] = [...last.due].sort((a, b) => a.at - b.at)
      if (!due || !isLate(due)) return { all, isAll: true }
      // Which of two ends first is known only of those whose time is known.
      const isKnown = (due.at > 0 || !isLate(second)) && foreseen(last.state.value, due.event)
      const rest = { ...last, due: last.due.filter((one) => one !== due) }
      const next = attempt(() => machine.next(rest, { ...due.payload, type: due.event }, due.at))
      if (!isKnown || !next) return { all, isAll: false }
      last = next
    }
    return { all, isAll: false }
  }
  const apply = (event: EventObject, since: number) => {
    if (!at) return
    // A server that tells does so of delays too.
    const { all, isAll } = tolds > 0 ? { all: [at], isAll: true } : maybe(at)
    const fitting = all.filter(({ state }) => !state.done && machine.accepts(state).includes(event.type))
    const [from] = fitting
    if (!from) return go(undefined, false)
    const isForeseen = foreseen(from.state.value, event.type)
    const isOne = isAll && fitting.length === 1
    const to = attempt(() => {
      if (machine.can(from.state, event)) return machine.next(from, event, since)
      // A guard refuses here what the server's has let through: that stays where it is, or leads nobody knows where.
      return isForeseen ? from : undefined
    })
    go(to, isSure && isOne && isForeseen && ahead.size === 0)
  }

  return {
    changing: changes,
    begin: (since = time()) => {
      forget()
      context = undefined
      const start = attempt(() => machine.start(input, since))
      go(start, begins)
    },
    resume: (value) => {
      forget()
      isSure = false
      put(value)
    },
    can: (name, data) => {
      if (!names.has(name)) return false
      const event = eventOf(name, data)
      return !at || maybe(at).all.some(({ state }) => attempt(() => machine.can(state, event)) ?? true)
    },
    refusal: (name) => {
      sent.set(name, { since: time(), tolds })
      last = name
      if (!at || !isSure || !names.has(name) || at.due.some(isLate)) return undefined
      const { state } = at
      if (state.done) return { code: 'FAILED_PRECONDITION', message: endingOf(machine, state) }
      if (machine.accepts(state).includes(name)) return undefined
      return refusalOf(machine, name, state, (event) => names.has(event))
    },
    accepted: (name, data, id) => {
      // What stays in every state tells nothing of it.
      if (!names.has(name) || !changes.has(name)) return
      const { since, tolds: before } = sent.get(name) ?? { since: time(), tolds }
      const isTold = ahead.delete(id) || log.some((one) => one.id === id)
      const from = at
      const event = eventOf(name, data)
      if (!isTold) apply(event, since)
      const hasMoved = !same(from?.state.value, at?.state.value)
      log = [...log, { id, event, since, hasMoved, heardAt: time() }].slice(-MAX_LOG)
      if (isTold || tolds === before) return
      // Told of while it was on its way: it may have been accepted before, where it stays, and that leaves no trace.
      at ??= from
      isSure = false
    },
    refused: ({ code, details }, name = last) => {
      if (code === 'UNKNOWN' && changes.has(name)) isSure = false
      const { state, allowed } = Object(details) as { readonly state?: unknown; readonly allowed?: unknown }
      if (code !== 'FAILED_PRECONDITION' || state === undefined || !Array.isArray(allowed)) return
      if (isSure && same(state, at?.state.value)) return
      // Told of while it was on its way: who knows which was first.
      if (at && sent.get(name)?.tolds !== tolds && tolds > 0) isSure = false
      else put(state)
    },
    told: (data) => {
      const { state, id, version } = Object(data) as Record<string, unknown>
      if (state === undefined) return
      const last = log.map((one) => one.id).lastIndexOf(String(id))
      // Its answer is still on the way. Who is told of more than can be on the way is told nonsense.
      const isAhead = typeof id === 'string' && id !== '' && last < 0
      if (isAhead && ahead.size < MAX_LOG) ahead.add(id)
      // A later one has overtaken it.
      if (Number(version) < toldOf) return
      toldOf = Number(version) || toldOf
      tolds++
      put(state)
      if (isAhead || typeof id !== 'string') return
      for (const { event, since, hasMoved, heardAt } of log.slice(last + 1)) {
        if (heardAt < time() - OVERTAKEN_MS) continue
        // Its answer has overtaken the push; or it is part of what was told, and has left no trace there.
        const told = at
        if (hasMoved) apply(event, since)
        at ??= told
        isSure = false
      }
    },
    get snapshot() {
      if (at && shown?.state !== at.state) shown = { state: at.state, snapshot: machine.snapshot(at.state) }
      return at && shown?.snapshot
    },
  }
}

interface Entry {
  readonly id: string
  readonly event: EventObject
  readonly since: number
  /** Whether the state was another one after it. */
  readonly hasMoved: boolean
  readonly heardAt: number
}

/** A delay of which nobody here knows when it ends. */
const soon = (due: Due): Due => ({ ...due, at: 0 })

/** As the server makes it of the message; it reads what the schema makes of that. */
const eventOf = (name: string, data: unknown): EventObject => ({
  ...(typeof data === 'object' ? attempt(() => JSON.parse(JSON.stringify(data))) : undefined),
  type: name,
})

/** Guards and actions are the user's code, and may count on what the server alone knows. */
const attempt = <Result>(run: () => Result): Result | undefined => {
  try {
    return run()
  } catch {
    return undefined
  }
}

/** Two clocks do not go alike, and a state is entered a little before its client hears of that. */
const MARGIN_MS = 2_000
const MAX_LAPSES = 8
/** As many as are remembered of what was accepted; answers and pushes overtake each other by a few. */
const MAX_LOG = 64
const OVERTAKEN_MS = 10_000
