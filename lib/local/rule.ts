/**
 * What API Gateway does, as data: each limit, status and frame that the local gateway obeys, with where it is written
 * and how sure it is. Nothing here was measured against AWS by this project.
 */
export interface Rule<Value = unknown> {
  readonly value: Value
  /** A page of AWS, or a public thread or capture. */
  readonly source: string
  readonly confidence: Confidence
  /** The rule in words. */
  readonly aws: string
  /** What is different here, or was chosen. Absent: the same. */
  readonly ours?: string
}

/**
 * `documented` by AWS; `observed` in a capture or transcript that somebody published; `claimed` without one; `inferred`
 * from those; `unknown` where nothing was found and something had to be chosen; `ours` where there is no rule of AWS.
 */
export type Confidence = 'documented' | 'observed' | 'claimed' | 'inferred' | 'unknown' | 'ours'

export const rule = <const Value>(
  value: Value,
  confidence: Confidence,
  source: string,
  aws: string,
  ours?: string,
): Rule<Value> => ({ value, source, confidence, aws, ...(ours !== undefined && { ours }) })

export const GUIDE = 'https://docs.aws.amazon.com/apigateway/latest/developerguide'
export const QUOTAS = `${GUIDE}/apigateway-execution-service-websocket-limits-table.html`
export const CONNECTIONS = `${GUIDE}/apigateway-how-to-call-websocket-api-connections.html`
export const RESPONSES = `${GUIDE}/supported-gateway-response-types.html`
/** Events, as somebody caught and published them. */
export const CAPTURES = 'https://github.com/aws/aws-lambda-go/tree/main/events/testdata'
/** Answers of `@connections`, the same. */
export const RECORDED = 'https://github.com/brefphp/bref/tree/master/tests/Websocket/Samples'
