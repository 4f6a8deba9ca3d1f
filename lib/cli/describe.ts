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
  return `\n${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}`
}
