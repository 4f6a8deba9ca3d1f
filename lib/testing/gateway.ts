import { makeId } from '../event/make.ts'
import { admit } from '../local/admit.ts'
import { randomOf } from '../local/chance.ts'
import type { Chaos, ChaosOptions } from '../local/chaos.ts'
import type { Who } from '../local/connection.ts'
import { enter } from '../local/enter.ts'
import { insideOf } from '../local/inside.ts'
import { callHandler } from '../local/invoke.ts'
import { openGate } from '../local/open.ts'
import type { LocalOptions } from '../local/options.ts'
import { inProcess } from '../local/runner.ts'
import { asHandler, readOptions, withoutUndefined } from '../local/settings.ts'
import { ClientEnd, type TestClient } from './client.ts'
import { type FakeClock, fakeClock } from './clock.ts'
import { checkHandshake, checkOptions } from './given.ts'
import { makePace } from './pace.ts'
import { Patience } from './patience.ts'
import { wireUp } from './wiring.ts'

/** Options of the local gateway, less those of sockets. */
export interface TestGatewayOptions
  extends Omit<
    LocalOptions,
    | 'port'
    | 'host'
    | 'page'
    | 'clock'
    | 'random'
    | 'waiting'
    | 'verifySignature'
    | 'chaos'
    | 'isolation'
    | 'notice'
    | 'inspector'
  > {
  /** What goes wrong on AWS goes wrong here, by the gateway's seed unless it has one of its own. @default none */
  readonly chaos?: true | Partial<ChaosOptions>
  /** What ids and waits are made of: the same seed gives the same ones. In the message of what fails. @default 1 */
  readonly seed?: number
  /** @default a clock of its own: `fakeClock()` */
  readonly clock?: FakeClock
}

export interface TestHandshake {
  /** `?name=ann`, or `{ name: 'ann' }`. */
  readonly query?: string | Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** What the client offers, in order. */
  readonly subprotocols?: readonly string[]
  /** @default '203.0.113.7' */
  readonly sourceIp?: string
}

export interface TestGateway<A> {
  readonly seed: number
  readonly clock: FakeClock
  /** What went wrong on purpose, where `chaos` was asked for. */
  readonly chaos?: Pick<Chaos, 'seed' | 'injected'>
  /** Rejects with a `HandshakeError` where the client is not let in, and with a `TypeError` for options that are none. */
  readonly connect: (handshake?: TestHandshake) => Promise<TestClient<A>>
  /**
   * Let so many milliseconds pass: idle times, the two hours, deadlines and timeouts come when they are due. Resolves
   * when all that this set off is through, or waits for more time or for the test itself.
   */
  readonly advance: (ms: number) => Promise<void>
  /** Wait until all that is under way is through, as far as it needs no more time. */
  readonly settled: () => Promise<void>
  /** Close all connections, wait for their handlers, and leave the application as it was found. */
  readonly close: () => Promise<void>
}

/** The status with which a client was not let in. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError'
  readonly status: number

  constructor(status: number, hint: string) {
    super(`The handshake was refused with ${status}.${hint}`)
    this.status = status
  }
}

/**
 * Run a handler under API Gateway's rules, in process, without sockets and without waiting: time is a fake clock.
 *
 * ```ts
 * const gateway = testGateway(chat, { seed: 7 })
 * const ann = await gateway.connect({ query: '?name=ann' })
 * assert.is((await ann.request('join', { room: 'tea' })).error?.code, 'FAILED_PRECONDITION')
 * await gateway.advance(600_000)
 * assert.equal(ann.closed, { code: 1001, reason: 'Going away' })
 * await gateway.close()
 * ```
 *
 * - An application of this library is wired to it while it is open: it posts here, its clock and its chance are the
 *   gateway's, `memory()` begins empty, and deadlines that would wait in a queue wait here. `app.server` reaches the
 *   connections too. One application runs in one gateway at a time.
 * - Any other handler runs too. What it posts by HTTP does not come here: for that there is `localGateway`.
 * - Time stands still while a handler works. When all that is under way only waits, time goes on to the end of the wait.
 *
 * Throws a TypeError, in a sentence, for options that are none.
 */
export const testGateway = <A extends object>(app: A, options: TestGatewayOptions = {}): TestGateway<A> => {
  checkOptions(options)
  const { seed = 1, clock = fakeClock(), chaos, ...rest } = options
  const goesWrong = chaos && { chaos: { seed, ...(chaos === true ? {} : Object(withoutUndefined(chaos))) } }
  const random = randomOf(seed)
  const settings = readOptions(app, { ...rest, ...goesWrong, clock, random }, 'testGateway')
  const pace = makePace(clock, () => gate.tasks.count() > 0)
  const { authorizer } = settings
  const { gate, stop } = openGate(
    { run: (event, context, fate) => pace.work(() => runner.run(event, context, fate)), close: () => runner.close() },
    {
      ...settings,
      ...(authorizer && { authorizer: (event, context) => pace.work(() => callHandler(authorizer, event, context)) }),
    },
  )
  const inside = insideOf(app)
  const undo = inside && wireUp(inside, { gate, clock, pace, random })
  // After the wiring, so that whoever watches the application watches what it is wired to.
  const runner = inProcess(asHandler(app), settings.observe !== undefined, settings.chaos !== undefined)
  const patience = new Patience(` Seed ${seed}.`)

  const connect = async (handshake: TestHandshake = {}) => {
    checkHandshake(handshake)
    const { query = '', headers = {}, subprotocols = [], sourceIp = '203.0.113.7' } = handshake
    if (gate.isStopping()) throw new Error(`connect: the gateway is closed. Seed ${seed}.`)
    const who: Who = {
      connectionId: makeId(random),
      connectedAt: clock.now(),
      stage: settings.stage,
      apiId: 'test',
      domainName: settings.customDomain?.domainName ?? 'test.execute-api.us-east-1.amazonaws.com',
      sourceIp,
      ...variablesOf(settings),
      ...userAgentOf(headers),
    }
    const all = subprotocols.length > 0 ? { ...headers, 'Sec-WebSocket-Protocol': subprotocols.join(', ') } : headers
    const search = new URLSearchParams(query).toString()
    const knock = { who, headers: listed(all), query: search && `?${search}` }
    const asked = gate.tasks.add(admit(gate, knock))
    pace.look()
    const verdict = await asked
    if (!verdict.isAdmitted) throw new HandshakeError(verdict.status, ` Seed ${seed}.`)
    const client = new ClientEnd(gate, who.connectionId, patience, pace.look)
    client.enter(enter(gate, verdict.who, knock.query, client.line), verdict.subprotocol)
    return client as TestClient<A>
  }
  return {
    seed,
    clock,
    ...(gate.chaos && { chaos: gate.chaos }),
    connect,
    advance: pace.advance,
    settled: pace.quiet,
    close: async () => {
      let isStopped = false
      const stopping = stop().finally(() => {
        isStopped = true
      })
      await pace.quiet()
      // A handler that hangs is given up when its time is over, and time passes by itself nowhere else.
      while (!isStopped) await pace.advance(STEP_MS)
      await stopping
      patience.stop()
      undo?.()
    },
  }
}

/** Of the time that a gateway waits for its handlers. */
const STEP_MS = 1_000

const variablesOf = ({ stageVariables }: LocalOptions) =>
  stageVariables && Object.keys(stageVariables).length > 0 ? { stageVariables } : undefined

const userAgentOf = (headers: Readonly<Record<string, string>>) => {
  const [, userAgent] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'user-agent') ?? []
  return userAgent === undefined ? undefined : { userAgent }
}

const listed = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
