import { makeId } from '../event/make.ts'
import { randomOf } from '../local/chance.ts'
import type { Chaos, ChaosOptions } from '../local/chaos.ts'
import { enter } from '../local/enter.ts'
import { insideOf } from '../local/inside.ts'
import { callHandler } from '../local/invoke.ts'
import { openGate } from '../local/open.ts'
import type { LocalOptions } from '../local/options.ts'
import { inProcess } from '../local/runner.ts'
import { asHandler, readOptions, withoutUndefined } from '../local/settings.ts'
import { ask, SOURCE_IP } from './ask.ts'
import { ClientEnd, type TestClient } from './client.ts'
import { type FakeClock, fakeClock } from './clock.ts'
import { checkHandshake, checkOptions } from './given.ts'
import { makePace } from './pace.ts'
import { Patience } from './patience.ts'
import { webSocketOf } from './socket.ts'
import type { TestSocket, TestWebSocket } from './web-socket.ts'
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
  /** Where sockets of `WebSocket` connect: `ws://test/STAGE`. Nobody else can. */
  readonly url: string
  /**
   * What a browser has as `WebSocket`, without sockets and on this clock: for a client that takes one. A handshake that is
   * refused is an `error` and a `close` of 1006; a subprotocol that was offered and not answered is the same.
   *
   * ```ts
   * const client = connect<typeof chat>(gateway.url, { WebSocket: gateway.WebSocket, clock: gateway.clock })
   * for (const socket of gateway.sockets) socket.vanish()
   * await gateway.advance(30_000)
   * ```
   */
  readonly WebSocket: TestWebSocket
  /** The sockets that are not over, the oldest first. Those of `connect` are not among them. */
  readonly sockets: readonly TestSocket[]
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
    const { query = '', headers = {}, subprotocols = [], sourceIp = SOURCE_IP } = handshake
    if (gate.isStopping()) throw new Error(`connect: the gateway is closed. Seed ${seed}.`)
    const connectionId = makeId(random)
    const search = new URLSearchParams(query).toString()
    const asking = { connectionId, query: search && `?${search}`, headers, subprotocols, sourceIp }
    const verdict = await ask(gate, pace, asking)
    if (!verdict.isAdmitted) throw new HandshakeError(verdict.status, ` Seed ${seed}.`)
    const client = new ClientEnd(gate, connectionId, patience, pace.look)
    client.enter(enter(gate, verdict.who, asking.query, client.line), verdict.subprotocol)
    return client as TestClient<A>
  }
  const url = `ws://test/${settings.stage}`
  const sockets = new Set<TestSocket>()
  return {
    seed,
    clock,
    url,
    WebSocket: webSocketOf({ gate, pace, random, url, sockets }),
    get sockets() {
      return [...sockets]
    },
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
