import { inspect } from 'node:util'
import type { Injected, Invocation } from '../local/index.ts'
import type { Paint } from './paint.ts'
import { isFrame, stackOf } from './stack.ts'

/**
 * One event as a line; what failed in it follows with its stack.
 *
 * ```text
 * 12:04:31 L0SM9c… auth        anonymous → authenticated  ok  5 ms
 * ```
 *
 * Columns grow with what they have held, up to a width that keeps the line readable. A note is added where something
 * failed.
 */
export const describer = (paint: Paint, note = '') => {
  const route = column(12, 28)
  const states = column(0, 44)
  const outcome = column(4, 24)
  const ms = column(3, 8)
  return (invocation: Invocation, at: Date, errors: readonly unknown[]): string => {
    const { eventType, routeKey, connectionId, name, instance } = invocation
    const { word, style, detail = '' } = outcomeOf(invocation)
    const cells = [
      paint('dim', `${timeOf(at)} ${short(connectionId)}`),
      route(legible(name ?? routeKey)),
      paint('cyan', states(legible(statesOf(invocation)))),
      paint(style, outcome(word)),
      paint('dim', `${ms(String(invocation.ms), 'right')} ms`),
      paint(style, detail),
      ...(instance === undefined ? [] : [paint('dim', `instance ${instance}`)]),
      // The one place where it can be copied from.
      ...(eventType === 'CONNECT' ? [paint('dim', connectionId)] : []),
    ]
    const failures = [...(invocation.outcome === 'threw' ? [invocation.error] : []), ...errors]
    if (note !== '' && style === 'red') cells.push(paint('dim', note))
    return [cells.filter(Boolean).join(' '), ...failures.map((error) => failure(error, paint))].join('\n')
  }
}

/** A fault that was made on purpose, as a line of the same look. */
export const describeFault = ({ kind, connectionId, routeKey, ms }: Injected, at: Date, paint: Paint): string => {
  const what = [kind, ...(routeKey === undefined ? [] : [`of ${routeKey}`]), ...(ms === undefined ? [] : [`${ms} ms`])]
  return paint('magenta', `${timeOf(at)} ${short(connectionId)} chaos: ${what.join(' ')}`)
}

/** Whom an authorizer turned away, or a call whose signature is not right: the client is told less than this. */
export const describeRefusal = (
  { connectionId, status, reason }: { readonly connectionId: string; readonly status: number; readonly reason: string },
  at: Date,
  paint: Paint,
): string => paint('yellow', `${timeOf(at)} ${short(connectionId)} refused with ${status}: ${reason}`)

const short = (connectionId: string) => `${connectionId.slice(0, 6)}…`

/** Pads to the widest text so far. One that is wider than the column may become is cut. */
const column = (minimum: number, maximum: number) => {
  let width = minimum
  return (text: string, side: 'left' | 'right' = 'left') => {
    const cut = text.length > maximum ? `${text.slice(0, maximum - 1)}…` : text
    width = Math.max(width, cut.length)
    return side === 'left' ? cut.padEnd(width) : cut.padStart(width)
  }
}

const timeOf = (at: Date) => [at.getHours(), at.getMinutes(), at.getSeconds()].map(twoDigits).join(':')

const twoDigits = (value: number) => String(value).padStart(2, '0')

/** Names come from peers, who could write to the terminal with them. */
const legible = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '�')

const statesOf = ({ states: { before, after } = { before: undefined, after: undefined } }: Invocation) =>
  before === after ? (after ?? '') : [before, after].filter((state) => state !== undefined).join(' → ')

interface Result {
  readonly word: string
  readonly style: 'green' | 'yellow' | 'red'
  readonly detail?: string
}

const outcomeOf = ({ outcome, status, code, returned }: Invocation): Result => {
  if (outcome === 'malformed')
    return { word: 'malformed', style: 'red', detail: inspect(returned, { depth: 1, breakLength: Infinity }) }
  if (outcome !== 'answered') return { style: 'red', ...WORDS[outcome] }
  if (code !== undefined) return { word: code, style: code === 'INTERNAL' ? 'red' : 'yellow' }
  if (status === undefined || status < 300) return { word: 'ok', style: 'green' }
  return { word: String(status), style: status < 500 ? 'yellow' : 'red' }
}

const WORDS = {
  threw: { word: 'threw' },
  timeout: { word: 'timed out', detail: 'the handler runs on' },
  noRoute: { word: 'no route', detail: 'and no $default' },
  throttled: { word: 'throttled' },
} as const

const failure = (error: unknown, paint: Paint) => {
  const lines = stackOf(error).split('\n')
  const painted = lines.map((line) => paint(isFrame(line) ? 'dim' : 'red', line)).join('\n')
  return `${painted}${Object(error).code === 'EPROTO' ? TLS : ''}`
}

// The usual endpoint, https://domainName/stage, meets a server without TLS here.
const TLS = `
The local gateway speaks http. Leave out the endpoint of the client: the SDK takes it from
AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, which is set here. On AWS, set that variable, or pass the endpoint only there.`
