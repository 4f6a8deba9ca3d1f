import { InternalError, ResourceExhaustedError } from '../errors.ts'
import type { Delivery } from '../gateway/gateway.ts'

type Refused = Extract<Delivery, { outcome: 'tooLarge' | 'forbidden' }>

/** Tells of the first failure of each kind: what befalls one connection of a broadcast befalls most of them. */
export class Complaints {
  readonly #tell: (error: unknown, connectionId: string) => void
  readonly #told = new Set<string>()

  constructor(tell: (error: unknown, connectionId: string) => void) {
    this.#tell = tell
  }

  refused(delivery: Refused, connectionId: string): void {
    this.#once(delivery.outcome, connectionId, () =>
      delivery.outcome === 'forbidden'
        ? new InternalError(delivery.reason)
        : new ResourceExhaustedError(
            `The frame takes ${delivery.bytes} bytes; API Gateway carries ${delivery.maxBytes}.`,
          ),
    )
  }

  throttled(connectionId: string, attempts: number): void {
    const message = `API Gateway throttled all ${attempts} posts of a broadcast to connection '${connectionId}'. Its peer reads too slowly, or the account sends too much.`
    this.#once('throttled', connectionId, () => new ResourceExhaustedError(message))
  }

  /** A post whose outcome is unknown, or a store that does not answer. */
  fault(error: unknown, connectionId: string): void {
    this.#once(kindOf(error), connectionId, () => error)
  }

  #once(kind: string, connectionId: string, error: () => unknown): void {
    if (this.#told.has(kind) || this.#told.size >= MAX_KINDS) return
    this.#told.add(kind)
    this.#tell(error(), connectionId)
  }
}

/** A message may name the connection, and then no two are equal; what caused it names none. */
const kindOf = (error: unknown): string => {
  const { cause, code, message } = Object(error) as { cause?: unknown; code?: unknown; message?: unknown }
  return cause === undefined ? String(code ?? message ?? error) : kindOf(cause)
}

const MAX_KINDS = 10
