import type { SocketEvents, SocketListener } from './socket-events.ts'

/** A socket in process: what a browser calls a WebSocket, and how to break it. */
export interface TestSocket {
  readonly url: string
  /** What `$connect` chose among the subprotocols that were offered; empty until the socket is open. */
  readonly protocol: string
  /** CONNECTING, OPEN, CLOSING or CLOSED. */
  readonly readyState: number
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3
  /** Always 0: what is sent is under way at once. */
  readonly bufferedAmount: number
  readonly extensions: string
  binaryType: string
  onopen: Handler<'open'>
  onmessage: Handler<'message'>
  onerror: Handler<'error'>
  onclose: Handler<'close'>
  addEventListener<const Name extends keyof SocketEvents>(
    type: Name,
    listener: SocketListener<Name>,
    options?: boolean | { readonly once?: boolean; readonly signal?: AbortSignal },
  ): void
  removeEventListener<const Name extends keyof SocketEvents>(type: Name, listener: SocketListener<Name>): void
  /** A text is one message. Bytes are a binary frame, which API Gateway answers by closing with 1003. */
  send(data: string | ArrayBuffer | ArrayBufferView): void
  /** With 1000, or a code from 3000 to 4999, and a reason of at most 123 bytes; else without either. */
  close(code?: number, reason?: string): void
  /** The connection's id, as the handler knows it. Not a part of a browser's WebSocket. */
  readonly connectionId: string
  /**
   * The line is cut: what was under way is lost, this end sees 1006, and so does `$disconnect`. Not a part of a browser's
   * WebSocket.
   */
  vanish(): void
  /**
   * The line is dead and nobody notices, as behind a router that has forgotten it: nothing arrives any more, at either
   * end. The gateway finds out when the idle time is over; this end never does by itself, and its `close()` takes a minute
   * to be over, as in Chromium. Not a part of a browser's WebSocket.
   */
  stall(): void
}

type Handler<Name extends keyof SocketEvents> = ((event: SocketEvents[Name]) => void) | null

/** Makes sockets of one gateway in process: what a browser has as `WebSocket`. */
export interface TestWebSocket {
  new (url: string | URL, protocols?: string | readonly string[]): TestSocket
  readonly CONNECTING: 0
  readonly OPEN: 1
  readonly CLOSING: 2
  readonly CLOSED: 3
}
