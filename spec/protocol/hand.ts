import type { Answer, Effect, Engine, Handled } from '../../lib/protocol/effect.ts'
import type { Ask, Policy } from '../../lib/protocol/engine.ts'
import { type Machine, wrap } from '../../lib/protocol/machine.ts'
import { doneOf } from '../../lib/protocol/record.ts'
import type { ConnectionRecord, Done } from '../../lib/store/store.ts'
import { chat } from './machines.ts'

export const NOW = 1_000_000

/** Answer an engine by hand, effect by effect: what it asked for, and what came of it. */
export const walk = <Result>(engine: Engine<Result>, ...answers: readonly Partial<Answer>[]) => {
  const effects: Effect[] = []
  let step = engine.next({ now: NOW })
  for (const answer of answers) {
    if (step.done) throw new Error(`It was through after ${effects.length} effects, of ${answers.length} answers.`)
    effects.push(step.value)
    step = engine.next({ now: NOW, ...answer })
  }
  if (!step.done) throw new Error(`It asks for more: ${JSON.stringify(step.value)}`)
  return { result: step.value, effects, ops: effects.map(({ op }) => op).join(' ') }
}

/** The record that an effect asks to store. */
export const written = (effect: Effect | undefined): ConnectionRecord => {
  if (effect?.op !== 'replace') throw new Error(`This is no write: ${JSON.stringify(effect)}`)
  return effect.next
}

export const machine: Machine = wrap(chat)

/** A connection of the chat protocol, in a state. */
export const recordIn = (value: unknown, more: Partial<ConnectionRecord> = {}): ConnectionRecord => ({
  version: 7,
  connectedAt: NOW - 100,
  ttl: NOW / 1000 + 7_200,
  machine: machine.version,
  state: { value, context: {} },
  ...more,
})

export const ask = (type: string, more: Partial<Ask> = {}): Ask => ({
  event: { type },
  id: 'm1',
  token: 't1',
  exclusive: false,
  ...more,
})

/** What a record remembers of a message. */
export const applied = (id: string, token: string, type: string): Done => doneOf({ id, token, event: { type } })

export const policy: Policy = {
  deadline: (now) => now + 30_000,
  canStart: () => true,
  backoff: (attempt) => 10 * (attempt + 1),
  patienceMs: 35,
}

export const handled = (...raised: readonly string[]): { handled: Handled } => ({
  handled: { ok: true, raised: raised.map((type) => ({ type })) },
})
export const threw = (error: unknown): { handled: Handled } => ({ handled: { ok: false, error } })
export const APPLIED = { applied: true } as const
export const LOST = { failed: true } as const
export const beaten = (record: ConnectionRecord | undefined) => ({ applied: false, record })
export const ELSEWHERE = { token: 'other', deadline: NOW + 500, event: 'auth' } as const
