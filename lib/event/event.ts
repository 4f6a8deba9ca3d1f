/**
 * The three events that API Gateway sends to a Lambda function of a WebSocket API, as captured in 2024 and documented
 * under "Input format of a Lambda function for proxy integration for WebSocket APIs".
 *
 * `@types/aws-lambda` knows the message event only, without the fields of the handshake and of the farewell.
 * Captures before 2022 carry an explicit `null` where later ones leave the field out; both are read.
 */
export type WebSocketEvent = ConnectEvent | MessageEvent | DisconnectEvent

/** The handshake. What the handler answers is the status of the HTTP upgrade. */
export interface ConnectEvent {
  readonly headers: Readonly<Record<string, string>>
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>
  /** Absent without a query string. */
  readonly queryStringParameters?: Readonly<Record<string, string>> | null
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[]>> | null
  readonly stageVariables?: Readonly<Record<string, string>> | null
  readonly requestContext: RequestContext & { readonly eventType: 'CONNECT' }
  readonly isBase64Encoded: boolean
}

/** A message on an open connection. It has no headers and no query. */
export interface MessageEvent {
  readonly stageVariables?: Readonly<Record<string, string>> | null
  readonly requestContext: RequestContext & { readonly eventType: 'MESSAGE'; readonly messageId: string }
  readonly body?: string | null
  readonly isBase64Encoded: boolean
}

/** The connection is closed. Delivered on a best-effort basis. */
export interface DisconnectEvent {
  readonly headers?: Readonly<Record<string, string>>
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>
  readonly stageVariables?: Readonly<Record<string, string>> | null
  readonly requestContext: RequestContext & {
    readonly eventType: 'DISCONNECT'
    readonly disconnectStatusCode?: number | null
    readonly disconnectReason?: string | null
  }
  readonly isBase64Encoded: boolean
}

export interface RequestContext {
  /** The route that API Gateway selected: `$default` on fallback. */
  readonly routeKey: string
  readonly eventType: 'CONNECT' | 'MESSAGE' | 'DISCONNECT'
  /** The same as `requestId`. */
  readonly extendedRequestId: string
  /** Common log format: `09/Feb/2024:18:11:43 +0000`. */
  readonly requestTime: string
  readonly requestTimeEpoch: number
  readonly requestId: string
  readonly messageDirection: 'IN'
  readonly messageId?: string | null
  readonly stage: string
  /** Epoch milliseconds; the same on every event of one connection. */
  readonly connectedAt: number
  readonly connectionId: string
  readonly identity: Identity
  /** The host that the client used: the custom domain where there is one. */
  readonly domainName: string
  readonly apiId: string
  /** What the authorizer of `$connect` returned: `principalId` and its context, on every later event too. */
  readonly authorizer?: Readonly<Record<string, unknown>> | null
}

/** What the endpoint of an API is made of. */
export type Api = Pick<RequestContext, 'apiId' | 'stage' | 'domainName'>

export interface Identity {
  readonly sourceIp: string
  readonly userAgent?: string | null
  /** With an IAM authorizer, an API key or Cognito: `accountId`, `userArn`, `apiKey` and so on. */
  readonly [member: string]: unknown
}
