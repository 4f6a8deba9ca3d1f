/** Lambda ended an instance, or could not go on with it. `name` is what Lambda calls the type of such an error. */
export class RuntimeError extends Error {
  override readonly name: string

  constructor(name: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = name
  }
}

/** How Lambda tells that a process ended, where the process itself did not say why. */
export const exited = (code: number | null, signal: NodeJS.Signals | null): RuntimeError =>
  new RuntimeError(
    'Runtime.ExitError',
    code === 0
      ? 'Runtime exited without providing a reason'
      : `Runtime exited with error: ${code === null ? `signal: ${SIGNALS[signal ?? ''] ?? signal}` : `exit status ${code}`}`,
  )

const SIGNALS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
}

export const timedOut = (ms: number): RuntimeError =>
  new RuntimeError('Sandbox.Timedout', `Task timed out after ${(ms / 1_000).toFixed(2)} seconds`)

/** Lambda gives ten seconds, and where they do not suffice those of the invocation. */
export const unloaded = (module: string | URL, ms: number): RuntimeError =>
  new RuntimeError('Sandbox.Timedout', `${module} was not loaded within ${(ms / 1_000).toFixed(2)} seconds`)

/** A rejection that nobody handles ends the process. */
export const unhandled = (reason: unknown): RuntimeError => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason), { cause: reason })
  if (reason instanceof Error && reason.stack) error.stack = `${error.name}: ${reason.stack}`
  return error
}

/** Nothing is under way that could settle the promise of a handler, so Node ends. */
export const unsettled = (): RuntimeError =>
  new RuntimeError(
    'Runtime.NodeJsExit',
    'The promise of the handler can never settle: nothing is under way that it could wait for.',
  )
