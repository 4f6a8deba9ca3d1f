import { inspect } from 'node:util'
import type { Invocation } from '../local/index.ts'

/** One event as a line; what the handler threw follows it. */
export const describe = ({ eventType, routeKey, connectionId, ms, ...result }: Invocation): string =>
  `${connectionId} ${eventType.toLowerCase().padEnd(10)} ${routeKey.padEnd(11)} ${outcomeOf(result)} ${ms} ms${details(result)}`

type Result = Pick<Invocation, 'outcome' | 'status' | 'error' | 'returned'>

const outcomeOf = ({ outcome, status, returned }: Result) => {
  if (outcome === 'malformed') return `malformed answer (${inspect(returned, { depth: 1, breakLength: Infinity })})`
  return status ?? WORDS[outcome]
}

const WORDS = {
  answered: 'answered',
  threw: 'threw',
  timeout: 'timed out, runs on',
  noRoute: 'no such route, and no $default',
} as const

const details = ({ outcome, error }: Result) => {
  if (outcome !== 'threw') return ''
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return `\n${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}${code === 'EPROTO' ? TLS : ''}`
}

// The usual endpoint, https://domainName/stage, meets a server without TLS here.
const TLS = `
The local gateway speaks http. Leave out the endpoint of the client: the SDK takes it from
AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, which is set here. On AWS, set that variable, or pass the endpoint only there.`
