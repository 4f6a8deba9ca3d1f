import type { Context as LambdaContext } from 'aws-lambda'
import type { WebSocketEvent } from '../event/event.ts'
import type { Declarations, PushMap } from './declarations.ts'
import type { PresencePush } from './push.ts'
import type { Server } from './server.ts'

/** The built application: a Lambda handler, and the server's side of its connections. */
export interface App<D extends Declarations, R extends object> {
  (event: WebSocketEvent, context: LambdaContext): Promise<Answer>
  /** Reach connections from anywhere. */
  readonly server: Server<D>
  /** Exists only for the type checker: what a typed client infers from. */
  readonly '~types'?: {
    readonly routes: R
    readonly pushes: D['pushes'] & PresencePush<D['presence']>
    /** `undefined` without a protocol. */
    readonly snapshot: D['snapshot']
  }
}

/** What API Gateway is answered. */
export interface Answer {
  /** Of the HTTP upgrade; of no consequence for messages. */
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  /** The refusal of a handshake, or a route response. */
  readonly body?: string
}

/** Anything that a typed client can be made for. */
export interface AppLike {
  readonly '~types'?: { readonly routes: object; readonly pushes: PushMap; readonly snapshot: unknown }
}
