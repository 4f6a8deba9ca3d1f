import type { Plan } from '../flow/plan.ts'
import { type Delivery, type Gateway, MAX_MESSAGE_BYTES } from '../gateway/gateway.ts'
import type { Gate } from '../local/gate.ts'
import { change, type Inside } from '../local/inside.ts'
import { type ManagementAnswer, manage } from '../local/management.ts'
import { type Deadlines, tick } from '../state/tick.ts'
import { memoryPorts } from '../store/memory.ts'
import type { FakeClock } from './clock.ts'
import type { Pace } from './pace.ts'
import { fanoutOn, tasksOn } from './queue.ts'

/** What an application is wired to while a gateway in process runs it. */
export interface Wires {
  readonly gate: Gate
  readonly clock: FakeClock
  readonly pace: Pace
  readonly random: () => number
}

/**
 * Wire an application to a gateway in process: it posts there, its time is the gateway's, and its chance the seed's.
 * `memory()` begins empty, and on that clock. What would wait in a queue waits here. Returns how to undo it.
 */
export const wireUp = (inside: Inside, wires: Wires): (() => void) => {
  const { plan, ports, protocol } = inside
  const { clock, pace, random } = wires
  if (wired.has(plan))
    throw new TypeError(
      'testGateway: this application runs in another gateway. Close that one first: await gateway.close().',
    )
  const gateway = inProcessGateway(wires)
  const undos = [change(plan, { gatewayOf: () => gateway, clock: { now: clock.now, wait: pace.wait }, random })]
  if (ports?.warnOnLambda) undos.push(change(ports, memoryPorts({ now: clock.now })))
  if (protocol?.deadlines) undos.push(change(protocol, { deadlines: deadlinesOn(inside, wires) }))
  if (plan.fanout) undos.push(change(plan, { fanout: fanoutOn(inside, wires) ?? plan.fanout }))
  const wait = (_: Plan, ms: number) => new Promise<void>((resolve) => clock.setTimeout(resolve, ms))
  undos.push(tasksOn(inside, { work: pace.work, wait }))
  wired.add(plan)
  return () => {
    for (const undo of undos.reverse()) undo()
    wired.delete(plan)
  }
}

const wired = new WeakSet<object>()

/** Calls of `@connections` without HTTP: the answers are those of the local gateway. */
const inProcessGateway = ({ gate, pace }: Wires): Gateway => {
  /** As the client of `@connections` does, without its jitter. */
  const persist = async (method: string, id: string, body: string, retries = RETRIES): Promise<ManagementAnswer> => {
    for (let attempt = 0; ; attempt++) {
      const answer = manage(gate, { method, id, body })
      if (answer.status !== 429 || attempt >= retries) return answer
      await pace.wait(WAIT_MS * 2 ** attempt)
    }
  }
  const deliver = async (method: string, id: string, body: string, retries = RETRIES): Promise<Delivery> => {
    const answer = await persist(method, id, body, retries)
    if (answer.status < 300) return { outcome: 'delivered' }
    // A connection whose id could never be one is as little there.
    if (answer.status === 410 || answer.status === 400) return { outcome: 'gone' }
    if (answer.status === 413)
      return { outcome: 'tooLarge', bytes: Buffer.byteLength(body), maxBytes: MAX_MESSAGE_BYTES }
    if (answer.status === 429) return { outcome: 'throttled', retryAfterMs: WAIT_MS * 2 ** retries }
    throw new Error(`${method} to connection '${id}' was answered ${answer.status}.`)
  }
  return {
    post: (id, body, _, retries) => deliver('POST', id, body, retries),
    close: (id) => deliver('DELETE', id, ''),
    info: async (id) => {
      const { status, body } = await persist('GET', id, '')
      if (status !== 200) return undefined
      const { connectedAt, lastActiveAt, identity } = JSON.parse(body ?? '')
      return {
        connectedAt: new Date(connectedAt),
        lastActiveAt: new Date(lastActiveAt),
        sourceIp: identity.sourceIp,
        userAgent: identity.userAgent,
      }
    },
  }
}

const RETRIES = 3
const WAIT_MS = 50

/** A queue that delays: in whole seconds, as SQS does, and what failed comes again. */
const deadlinesOn = ({ plan, ports, protocol }: Inside, { clock, pace }: Wires): Deadlines => {
  const deliver = async (given: Parameters<Deadlines['arm']>[0], again: boolean) => {
    if (!ports || !protocol) return
    try {
      await pace.work(() => tick(plan, ports, protocol, { ...given, again }))
    } catch (error) {
      console.error(error)
      clock.setTimeout(() => void deliver(given, true), VISIBILITY_MS)
    }
  }
  return {
    arm: async (given) => {
      clock.setTimeout(() => void deliver(given, false), Math.ceil((given.at - clock.now()) / 1_000) * 1_000)
    },
    tick,
  }
}

/** After this long a queue hands out again what was not deleted (SQS, visibility timeout, its default). */
const VISIBILITY_MS = 30_000
