import type { Credentials } from '../aws/sign.ts'
import type { AuthorizerEvent } from '../event/authorizer.ts'
import type { ChaosOptions } from './chaos.ts'
import type { Invocation, LambdaHandler } from './invoke.ts'

/** Where time comes from. A spec passes its own and never sleeps. */
export interface Clock {
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export interface LocalOptions {
  /** 0 takes any free port. @default 0 */
  readonly port?: number
  /**
   * Another address than loopback shows the gateway to your network. '0.0.0.0' is there for handlers, too; a single
   * address is not on loopback: handlers are then told by AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI where to post.
   *
   * @default '127.0.0.1'
   */
  readonly host?: string
  /** @default 'dev' */
  readonly stage?: string
  /**
   * The deployed route keys. Without `$default` in the list there is none.
   *
   * @default $connect, $disconnect and $default, and the routes of an application that this library built
   */
  readonly routes?: readonly string[]
  /** @default '$request.body.action' */
  readonly routeSelectionExpression?: string
  /** Which routes have a route response, so that a returned body reaches the client. @default false */
  readonly routeResponse?: boolean | readonly string[]
  /**
   * The Lambda authorizer of `$connect`: `authorizer()` of `ws-interlock/guard`, or any other of the type REQUEST.
   *
   * @default none
   */
  readonly authorizer?: LambdaHandler<AuthorizerEvent>
  /**
   * Where a client says who it is, as AWS writes it: `route.request.querystring.token`, `route.request.header.Auth`. One
   * that is missing is answered 401, and the authorizer is not asked. @default none
   */
  readonly identitySource?: string | readonly string[]
  /** On every event, where there are any. @default none */
  readonly stageVariables?: Readonly<Record<string, string>>
  /**
   * A domain of your own, as the clients know it. Connections come in below the key of its API mapping, and so do calls
   * of `@connections`; events carry its name, without a port, as they do on AWS. @default none
   */
  readonly customDomain?: { readonly domainName: string; readonly mappingKey?: string }
  /** The client is told of a timeout after this long; the handler runs on. AWS takes 50 to 29,000. @default 29_000 */
  readonly integrationTimeoutMs?: number
  /**
   * What `context.getRemainingTimeInMillis()` counts down from. An invocation that takes longer fails, as on Lambda; in this
   * process its code runs on. @default 30_000
   */
  readonly lambdaTimeoutMs?: number
  /** A connection without a message for this long is closed. AWS's is fixed. @default 600_000 */
  readonly idleMs?: number
  /** A connection of this age is closed. AWS's is fixed. @default 7_200_000 */
  readonly maxAgeMs?: number
  /** New connections in a second; more are refused with 429. An account on AWS has 500. @default none */
  readonly connectsPerSecond?: number
  /** Messages of one client in a second; with one more it is disconnected with 1008. When AWS does is not known. @default none */
  readonly messagesPerSecond?: number
  /** Messages and calls of `@connections` in a second. An account on AWS has 10,000, and 5,000 at once. @default none */
  readonly requestsPerSecond?: number
  /**
   * Calls of `@connections` must be signed, as on AWS: by these credentials, or with `true` by those of the environment
   * (AWS_ACCESS_KEY_ID and so on). So an unsigned or wrongly signed client is found on the laptop.
   *
   * @default false
   */
  readonly verifySignature?: boolean | (Credentials & { readonly region?: string })
  /**
   * What goes wrong on AWS goes wrong here, by seed: messages overtake each other, functions start cold and die, posts are
   * throttled, `$disconnect` is late, comes twice or never, and a client that vanishes is not missed. @default none
   */
  readonly chaos?: ChaosOptions
  /**
   * Run the handler as Lambda does: in processes of its own, each of which runs one invocation at a time, stands still in
   * between, and shares no variable with another. What would break on Lambda breaks here too, with a sentence. Takes the
   * module of the handler in the place of the function. @default false
   */
  readonly isolation?: boolean
  /** Told, in a sentence, what works on a laptop and not on Lambda. @default console.warn */
  readonly notice?: (sentence: string) => void
  /** @default the clock of the machine */
  readonly clock?: Clock
  /** From 0 to 1: what ids are made of. @default Math.random */
  readonly random?: () => number
  /** Path of an HTML file to serve at `GET /`. A convenience: API Gateway has nothing like it. @default none */
  readonly page?: string
  /**
   * Serve the inspector at `/@inspector`, and at `/` where there is no `page`: a page that shows connections, messages and
   * errors to a browser on this machine. @default false
   */
  readonly inspector?: boolean
  /** Called once per event with what came of it. Errors of the handler are seen here and nowhere else. */
  readonly observe?: (invocation: Invocation) => void
  /** Called once, with a sentence, where `close()` waits for longer than a second: for whom it waits. @default none */
  readonly waiting?: (sentence: string) => void
}
