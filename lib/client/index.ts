export type { Client, ClientState, Farewell, SendOptions, Stream } from '../types/client.ts'
export type { ClientCodec, Incoming, Outgoing, Written } from './codec.ts'
export { connect } from './connect.ts'
export { ClientError, RemoteError, type Unanswered } from './errors.ts'
export type {
  ClientClock,
  Connect,
  ConnectOptions,
  PassTheMachine,
  PassTheOrder,
  Ready,
  Socket,
  SocketClass,
  Token,
} from './options.ts'
