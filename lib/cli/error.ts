/** The command was called wrongly: the reader needs the usage, not a stack. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Something outside of the command stands in the way; the message says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
