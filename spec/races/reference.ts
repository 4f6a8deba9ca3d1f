import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate'

/** A committed state, as XState's own public `transition()` knows it: what the library is held against. */
export interface Point {
  /** Equal for equal states. */
  readonly text: string
  readonly value: unknown
  readonly done: boolean
  /** The delays that are running, by the events that they raise. */
  readonly running: readonly string[]
  readonly can: (type: string) => boolean
  readonly step: (type: string) => Step
  /** The same for the end of a delay, which runs no more. */
  readonly lapse: (type: string) => Step
}

export interface Step {
  readonly to: Point
  readonly started: readonly { readonly event: string; readonly delayMs: number }[]
}

/** Where a machine begins. A step is a function of its point, so that each is taken once. */
export const referenceOf = (machine: AnyStateMachine): Point => {
  const known = new Map<string, Point>()
  const pointOf = (snapshot: AnyMachineSnapshot, running: readonly string[]): Point => {
    const text = textOf(snapshot)
    const key = `${text} ${running}`
    const point = known.get(key) ?? newPoint(snapshot, text, running)
    known.set(key, point)
    return point
  }
  const newPoint = (snapshot: AnyMachineSnapshot, text: string, running: readonly string[]): Point => {
    const steps = new Map<string, Step>()
    const done = snapshot.status !== 'active'
    const go = (type: string, left: readonly string[]): Step => {
      const key = `${type} ${left}`
      const step = steps.get(key) ?? stepOf(transition(machine, snapshot, { type }) as Moved, left)
      steps.set(key, step)
      return step
    }
    return {
      text,
      value: snapshot.value,
      done,
      running,
      can: (type) => !done && snapshot.can({ type }),
      step: (type) => go(type, running),
      lapse: (type) =>
        go(
          type,
          running.filter((one) => one !== type),
        ),
    }
  }
  const stepOf = ([snapshot, actions]: Moved, before: readonly string[]): Step => {
    const running = new Set(before)
    const started: { event: string; delayMs: number }[] = []
    for (const { type, params } of actions) {
      const { sendId, event, delay } = Object(params) as { sendId?: string; event?: { type: string }; delay?: number }
      if (type === 'xstate.cancel') running.delete(String(sendId))
      if (type !== 'xstate.raise' || delay === undefined || !event) continue
      running.add(event.type)
      started.push({ event: event.type, delayMs: delay })
    }
    return { to: pointOf(snapshot, [...running].sort()), started }
  }
  return stepOf(initialTransition(machine) as Moved, []).to
}

/** One text for a state, whether it is a snapshot or what is stored of one. */
export const textOf = ({ value, context, status }: { value: unknown; context: unknown; status: string }): string =>
  JSON.stringify([value, context, status === 'done'])

// What XState types of `transition()` depend on the machine; those of any machine are not told.
type Moved = readonly [AnyMachineSnapshot, readonly { readonly type: string; readonly params: unknown }[]]
