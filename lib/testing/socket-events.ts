/** What a socket tells its listeners, by name. */
export interface SocketEvents {
  readonly open: Event
  readonly message: SocketMessage
  readonly error: Event
  readonly close: SocketClose
}

export type SocketListener<Name extends keyof SocketEvents> =
  | ((event: SocketEvents[Name]) => void)
  | { readonly handleEvent: (event: SocketEvents[Name]) => void }

/** A text came. */
export class SocketMessage extends Event {
  readonly data: string

  constructor(data: string) {
    super('message')
    this.data = data
  }
}

/** The connection is over. Node has no `CloseEvent` of its own before 23. */
export class SocketClose extends Event {
  readonly code: number
  readonly reason: string
  /** Whether both sides said so. */
  readonly wasClean: boolean

  constructor(code: number, reason: string, wasClean: boolean) {
    super('close')
    this.code = code
    this.reason = reason
    this.wasClean = wasClean
  }
}
