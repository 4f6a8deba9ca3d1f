/**
 * The X-Ray trace that this invocation belongs to, in the form of X-Ray's trace header. `undefined` outside of Lambda, and
 * for what is no such header: the service would drop it or, as SQS may, refuse the message for it.
 *
 * Read for each request: Lambda changes it with each invocation.
 */
export const traceHeader = (): string | undefined => {
  const { _X_AMZN_TRACE_ID: trace = '' } = process.env
  return TRACE.test(trace) && trace.length <= MAX_LENGTH ? trace : undefined
}

/** X-Ray Developer Guide, "Tracing header". Lambda adds fields of its own to it, such as `Lineage`. */
const TRACE = /^Root=1-[\da-f]{8}-[\da-f]{24}(;[A-Za-z]+=[\w.:|-]+)*$/
/** EventBridge API reference, PutEventsRequestEntry. */
const MAX_LENGTH = 500
