import type { AnyStateMachine } from 'xstate'
import type { Plan } from '../flow/plan.ts'
import type { Protocol } from '../state/protocol.ts'
import type { StorePorts } from '../store/store.ts'

/** The inside of an application that this library built. */
export interface Inside {
  readonly plan: Plan
  /** Of its store, where it has one. */
  readonly ports: StorePorts | undefined
  readonly protocol: Protocol | undefined
  /** What `.protocol()` was given. */
  readonly machine: AnyStateMachine | undefined
}

/** Look inside an application; `undefined` for any other handler. */
export const insideOf = (handler: unknown): Inside | undefined => {
  const { '~plan': plan } = Object(handler) as { readonly '~plan'?: Plan } // put there by compile(), and by nobody else
  if (!plan) return undefined
  const { state } = plan
  return {
    plan,
    ports: state?.ports,
    protocol: state?.protocol as Protocol | undefined,
    machine: state?.application.protocol?.machine as AnyStateMachine | undefined,
  }
}

/** Change parts of an application in place, and say how to put back what was there. */
export const change = <Whole extends object>(whole: Whole, parts: Partial<Whole>): (() => void) => {
  const before = Object.fromEntries(Object.keys(parts).map((name) => [name, Reflect.get(whole, name)]))
  Object.assign(whole, parts)
  return () => {
    Object.assign(whole, before)
  }
}
