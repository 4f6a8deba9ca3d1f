export { ws } from './app.ts'
export type { Sent } from './channel/broadcast.ts'
export type { Code, ErrorExtras, PeerError } from './errors.ts'
export {
  AbortedError,
  AlreadyExistsError,
  DeadlineExceededError,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  NotFoundError,
  PermissionDeniedError,
  ResourceExhaustedError,
  UnauthenticatedError,
  UnavailableError,
  UnimplementedError,
  UnknownOutcomeError,
  WsError,
} from './errors.ts'
export type * from './event/event.ts'
export type { ConnectionInfo, Delivery, Gateway } from './gateway/gateway.ts'
export { stay } from './protocol/stay.ts'
export type { PublishFailure } from './publish/failure.ts'
export { PublishError } from './publish/failure.ts'
export type { Chance, CloudEvent, Origin, Published, Publisher } from './publish/publisher.ts'
export type { Publishing, PublishingOptions } from './publish/publishing.ts'
export { publishing } from './publish/publishing.ts'
export type { PublishReply, PublishToOptions, Transform } from './publish/to.ts'
export { publishTo } from './publish/to.ts'
export type { AnySchema, Schema, SchemaIssue, SchemaResult } from './schema.ts'
export type {
  Blobs,
  ConnectionRecord,
  MemberPage,
  MembershipChanges,
  Memberships,
  Records,
  ReplaceResult,
  Store,
  StorePorts,
} from './store/store.ts'
export type { Answer, App, AppLike } from './types/app.ts'
export type { Builder, RouteBuilder } from './types/builder.ts'
export type { ChannelOptions, Presence, PresenceUpdate } from './types/channel.ts'
export type { Client, Wire } from './types/client.ts'
export type { Accept, AcceptOptions, Reject } from './types/connect.ts'
export { accept, reject } from './types/connect.ts'
export type {
  ConnectContext,
  Connection,
  DisconnectContext,
  ErrorContext,
  KeepingConnection,
  KeptConnection,
  MessageContext,
  PushOptions,
} from './types/context.ts'
export type { Middleware, Next, Passed } from './types/middleware.ts'
export type { Clock, Limits, Options, Warning, WarningCode } from './types/options.ts'
export type { RouteOptions } from './types/route.ts'
export { route } from './types/route.ts'
export type { Server, ServerChannel, ServerConnection, ServerUser } from './types/server.ts'
export type { TaskContext, TaskEnd, TaskFacts, Tasking, TaskRoute } from './types/task.ts'
export type { Codec, Frame, Keeping, Opened, Opening } from './wire/codec.ts'
