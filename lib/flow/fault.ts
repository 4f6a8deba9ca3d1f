import type { WsError } from '../errors.ts'

/** What is wrong with a message before any handler has seen it. Its sentence is loaded when it is to be said. */
export class Flaw extends Error {
  /** Choose the sentence. */
  readonly said: (flaws: typeof import('./flaws.ts')) => Error

  constructor(said: Flaw['said']) {
    super()
    this.said = said
  }
}

/** A failure of the server or of its handlers. The owner hears of it; the peer hears what it may. */
export class Fault extends Error {
  constructor(cause: unknown) {
    super('', { cause })
  }
}

/** The end of the connection: a last word, if there is somebody to hear it, and it is closed. */
export class Parting extends Error {
  readonly error: WsError | undefined
  /** The code of `$bye`. Without one nothing is said. */
  readonly code: string | undefined

  constructor(message: string, error?: WsError, code?: string) {
    super(message)
    this.error = error
    this.code = code
  }
}
