import type { AnyStateMachine } from 'xstate'
import type { WsError } from '../errors.ts'
import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema, OutputOf } from '../schema.ts'
import type { Store } from '../store/store.ts'
import type { Awaitable } from './awaitable.ts'
import type { ChannelOptions } from './channel.ts'
import type { Accept, Reject } from './connect.ts'
import type { AnyPhase, Connecting, Disconnecting, ErrorContext, Messaging } from './context.ts'
import type { Declarations, Declare, EventTypes, FromMachine, PushMap } from './declarations.ts'
import type { Next, Passed } from './middleware.ts'
import type { Mistake } from './mistake.ts'
import type { ProtocolArguments, ProtocolInput, ProtocolOptions } from './protocol.ts'
import type {
  Route,
  RouteDetails,
  SpecAdded,
  SpecData,
  SpecInput,
  SpecProgress,
  SpecReply,
  SpecReturn,
} from './route.ts'
import type { CheckBareName, CheckBuild, CheckName, CheckSpec, CheckTaskSpec, Known } from './rules.ts'
import type { TaskContext, TaskOptions, TaskRoute } from './task.ts'

/** Stage one: declarations, in any order. Calling any route method moves to stage two for good. */
export interface Builder<D extends Declarations> extends Routes<D, never, {}> {
  /** State what the authorizer of `$connect` returns. Checked on every event, as `context.authorizer`. */
  authorizer<S extends AnySchema>(schema: S): Builder<Declare<D, { authorizer: OutputOf<S> }>>
  /** Say where connections are kept. Protocols and channels need it. */
  store<S extends Store>(store: S): Builder<Declare<D, { store: S }>>
  /** State what is kept of a connection, as `connection.data`. Needs a store. */
  connection<S extends AnySchema>(schema: S): Builder<Declare<D, { kept: S }>>
  /** State what holds of all channels: who may join them, how their names are written, what presence says. Needs a store. */
  channels<S extends AnySchema | undefined = undefined>(
    rules: ChannelOptions<D, S>,
  ): Builder<Declare<D, { presence: S }>>
  /** State what the server may send on its own account: a schema per name. */
  pushes<const P extends PushMap>(pushes: P): Builder<Declare<D, { pushes: P }>>
  /**
   * Enforce the order of messages with a state machine. Its events are the names of the routes.
   *
   * Give the union of a large machine's events a name (`events: {} as Events`): the compiler walks an unnamed one again
   * at each route.
   */
  protocol<M extends AnyStateMachine, const Internal extends EventTypes<M> = never>(
    machine: M,
    ...options: ProtocolArguments<D, M, Internal>
  ): Builder<Declare<D, FromMachine<M, Internal>>>
  /** Add to every later context what `extend` returns. */
  extend<X extends object>(
    extend: (context: AnyPhase<D>) => Awaitable<X>,
  ): Builder<Declare<D, { extension: D['extension'] & X }>>
  /** Run code around every phase. What it passes to `next` is in every later context. */
  use<Added extends object = {}>(
    middleware: (context: AnyPhase<D>, next: Next) => Awaitable<Passed<Added> | void>,
  ): Builder<Declare<D, { extension: D['extension'] & Added }>>
}

/** Stage two: routes. */
export interface RouteBuilder<D extends Declarations, Handled extends string, R extends object>
  extends Routes<D, Handled, R>,
    TooLate<D, Handled, R> {}

interface Routes<D extends Declarations, Handled extends string, R extends object> {
  /** Decide whether a peer may connect. Return `reject()` to refuse; nothing, or `accept()`, to let it in. */
  onConnect(handler: (context: Connecting<D>) => Awaitable<Accept | Reject | void>): RouteBuilder<D, Handled, R>

  /** Handle a route whose messages carry no payload. What the handler returns is the reply. */
  on<const N extends Suggested<D['names']>, Reply>(
    name: N & CheckBareName<D, Handled, N>,
    handler: (context: Messaging<D, undefined>) => Reply,
  ): RouteBuilder<D, Handled | Known<N>, R & { readonly [K in Known<N>]: Route<N, undefined, Awaited<Reply>, never> }>
  /** Handle a route. The schema, or that of `route()`, checks the payload before the handler sees it. */
  on<const N extends Suggested<D['names']>, S extends AnySchema | RouteDetails, Reply extends SpecReturn<S>>(
    name: N & CheckName<D['names'], Handled, N>,
    spec: CheckSpec<D, N, S>,
    handler: (context: Messaging<D, SpecData<S>> & SpecAdded<S>) => Reply,
  ): RouteBuilder<
    D,
    Handled | Known<N>,
    R & { readonly [K in Known<N>]: Route<N, SpecInput<S>, SpecReply<S, Reply>, SpecProgress<S>> }
  >

  /**
   * Handle a route by a task: what takes longer than a message may. The client is told `{ taskId }` at once, and the function
   * runs in a worker, with progress on the way and its result at the end.
   */
  task<const N extends Suggested<D['names']>, S extends AnySchema | RouteDetails, Result extends SpecReturn<S>>(
    name: N & CheckName<D['names'], Handled, N>,
    spec: CheckTaskSpec<D, N, S>,
    options: TaskOptions<D>,
    run: (context: TaskContext<D, SpecData<S>>) => Result,
  ): RouteBuilder<
    D,
    Handled | Known<N>,
    R & { readonly [K in Known<N>]: TaskRoute<N, SpecInput<S>, SpecReply<S, Result>> }
  >

  /** Handle a message that matches no route. Under a protocol: only where the machine accepts `$default`. */
  onDefault(handler: (context: Messaging<D, unknown>) => unknown): RouteBuilder<D, Handled, R>
  /** Clean up after a connection. API Gateway delivers this on a best-effort basis. */
  onDisconnect(handler: (context: Disconnecting<D>) => Awaitable<void>): RouteBuilder<D, Handled, R>
  /** See everything that is thrown. Return an error to tell the peer that one instead. */
  onError(handler: (error: unknown, context: ErrorContext<D>) => Awaitable<WsError | void>): RouteBuilder<D, Handled, R>

  /** Compile the application to a Lambda handler. */
  readonly build: CheckBuild<D, Handled, R>
}

/** Any name is inferred, so that a mistake can name it; these are the ones that an editor offers. */
type Suggested<Names extends string> = Names | (string & {})

/** Every route sees every declaration, so none may follow a route. Typed to the end, so that one mistake gives one error. */
interface TooLate<D extends Declarations, Handled extends string, R extends object> {
  /** @deprecated Declarations come before the first route. */
  authorizer(schema: Mistake<Late, never>): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  store(store: Mistake<Late, never>): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  connection(schema: Mistake<Late, never>): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  channels(rules: Mistake<Late, never>): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  pushes(pushes: Mistake<Late, never>): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  protocol(
    machine: Mistake<Late, never>,
    options?: ProtocolOptions<string> & Partial<ProtocolInput<D, AnyStateMachine>>,
  ): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  extend(extend: Mistake<Late, never> & ((context: AnyPhase<D>) => unknown)): RouteBuilder<D, Handled, R>
  /** @deprecated Declarations come before the first route. */
  use(middleware: Mistake<Late, never> & ((context: AnyPhase<D>, next: Next) => unknown)): RouteBuilder<D, Handled, R>
}

type Late = typeof MISTAKES.lateDeclaration
