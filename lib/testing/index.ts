export type { ConnectEvent, DisconnectEvent, MessageEvent, WebSocketEvent } from '../event/event.ts'
export type { Farewell, Frame, Handshake, Peer } from '../event/make.ts'
export { connectEvent, disconnectEvent, makeId, messageEvent } from '../event/make.ts'
