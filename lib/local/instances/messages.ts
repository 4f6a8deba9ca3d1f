import type { WebSocketEvent } from '../../event/event.ts'
import type { LambdaContext } from '../context.ts'
import type { Trace } from '../trace.ts'
import type { Left } from './floating.ts'

/** What an instance is asked. One line of JSON, as all that the two tell each other. */
export interface Call {
  readonly event: WebSocketEvent
  readonly context: Omit<LambdaContext, 'getRemainingTimeInMillis'>
  /** How long the function may run from here on. */
  readonly lambdaTimeoutMs: number
}

/** What an instance says. */
export type Said =
  | {
      readonly kind: 'loaded'
      /** The application's store is a `memory()`, which every instance has for itself. */
      readonly keepsInMemory: boolean
    }
  /** It ends after this. */
  | { readonly kind: 'unloadable'; readonly error: DescribedError }
  | ({ readonly kind: 'answered' } & Answered)
  | { readonly kind: 'threw'; readonly error: DescribedError }
  /** It ends after this. */
  | { readonly kind: 'died'; readonly error: DescribedError }

export interface Answered {
  /** As JSON carries it. */
  readonly returned?: unknown
  readonly trace: Omit<Trace, 'error'> & { readonly error?: DescribedError }
  /** What was still under way when the handler returned. */
  readonly left: readonly Left[]
}

/** An error on its way between two processes. */
export interface DescribedError {
  readonly name: string
  readonly message: string
  readonly stack?: string | undefined
  readonly code?: string | number | undefined
  readonly cause?: DescribedError | undefined
}

/** Whatever was thrown: what is no error becomes one, whose message says what it was. */
export const describe = (thrown: unknown, depth = 0): DescribedError => {
  if (!(thrown instanceof Error)) return { name: 'Error', message: textOf(thrown) }
  const { name, message, stack, cause } = thrown
  const { code }: { readonly code?: unknown } = thrown as object
  return {
    name: String(name),
    message: String(message),
    stack,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describe(cause, depth + 1) }),
  }
}

// An error may be its own cause.
const MAX_CAUSES = 5

const textOf = (thrown: unknown) => {
  if (typeof thrown !== 'object' || thrown === null) return String(thrown)
  const { message }: { readonly message?: unknown } = thrown
  return typeof message === 'string' ? message : JSON.stringify(thrown)
}

export const revive = ({ name, message, stack, code, cause }: DescribedError): Error => {
  const error = new Error(message, cause && { cause: revive(cause) })
  const hidden = { configurable: true, writable: true, enumerable: false }
  Object.defineProperty(error, 'name', { ...hidden, value: name })
  Object.defineProperty(error, 'stack', { ...hidden, value: stack ?? `${name}: ${message}` })
  return code === undefined ? error : Object.assign(error, { code })
}
