import { type AuthorizerEvent, authorizerEvent } from '../event/authorizer.ts'
import type { Knock } from './admit.ts'
import { lambdaContext } from './context.ts'
import { callHandler, within } from './invoke.ts'
import { judge, readOutput } from './policy.ts'
import { AUTHORIZER, IDENTITY_SOURCE } from './rules-events.ts'
import type { Settings } from './settings.ts'

/** What came of asking an authorizer. */
export type Testimony =
  | { readonly outcome: 'answered'; readonly returned: unknown }
  | { readonly outcome: 'threw'; readonly error: unknown }
  | { readonly outcome: 'timeout' }

export type Authorization =
  /** What every event of the connection has as `requestContext.authorizer`. */
  | { readonly isAdmitted: true; readonly authorizer: Readonly<Record<string, string | number | boolean>> }
  | {
      readonly isAdmitted: false
      readonly status: 401 | 403 | 500
      /** For the client. */
      readonly message: string
      /** For whoever runs the gateway, in a sentence. On AWS it is in a log at best. */
      readonly reason: string
    }

/** What of a gateway's settings matters here. */
export type AuthorizeSettings = Pick<Settings, 'clock'> & Partial<Pick<Settings, 'identitySource'>>

/** The authorizer of a gateway, called as Lambda calls it; `undefined` where there is none. */
export const authorizerOf = (settings: Settings): ((knock: Knock) => Promise<Authorization>) | undefined => {
  const { authorizer, clock, integrationTimeoutMs, lambdaTimeoutMs, random } = settings
  if (!authorizer) return undefined
  const ask = (event: AuthorizerEvent) => {
    const asked = callHandler(authorizer, event, lambdaContext(clock, lambdaTimeoutMs, random)).then(
      (returned): Testimony => ({ outcome: 'answered', returned }),
      (error: unknown): Testimony => ({ outcome: 'threw', error }),
    )
    return within(integrationTimeoutMs, asked, clock)
  }
  return (knock) => authorize(settings, ask, knock)
}

/**
 * Ask the Lambda authorizer whether a peer may knock at `$connect`. It is asked every time: "AuthorizerResultTtlInSeconds
 * [is] supported only for HTTP API Lambda authorizers".
 */
export const authorize = async (
  { identitySource = [], clock }: AuthorizeSettings,
  ask: (event: AuthorizerEvent) => Promise<Testimony>,
  { who, headers, query }: Knock,
): Promise<Authorization> => {
  const event = authorizerEvent({ ...who, region: 'us-east-1', now: clock.now(), headers, query })
  const absent = identitySource.find((source) => !identityIn(event, source))
  if (absent !== undefined)
    return refusal(AUTHORIZER.missingSource.value, `The authorizer was not asked: there is no ${absent}.`)
  const testimony = await ask(event)
  if (testimony.outcome === 'timeout')
    return refusal(AUTHORIZER.timeout.value, 'The authorizer did not answer in time.')
  if (testimony.outcome === 'threw') return refusalOf(testimony.error)
  const output = readOutput(testimony.returned)
  if (typeof output === 'string') return refusal(AUTHORIZER.broken.value, `The authorizer failed. ${output}`)
  const effect = judge(output.statements, event.methodArn)
  if (effect === 'Deny') return refusal(AUTHORIZER.denied.value, `The authorizer denies ${event.methodArn}.`)
  if (effect === 'nothing')
    return refusal(AUTHORIZER.denied.value, `The policy of the authorizer says nothing of ${event.methodArn}.`)
  return { isAdmitted: true, authorizer: told(output.principalId, output.context) }
}

/** The bodies are of our choice: AWS documents the status only. */
const MESSAGES = { 401: 'Unauthorized', 403: 'Forbidden', 500: 'Internal server error' } as const

const refusal = (status: 401 | 403 | 500, reason: string): Authorization => ({
  isAdmitted: false,
  status,
  message: MESSAGES[status],
  reason,
})

// Of an error Lambda tells API Gateway the message, and of anything else that is thrown the text.
const refusalOf = (error: unknown) => {
  const { message = error } = Object(error) as { readonly message?: unknown }
  return message === 'Unauthorized'
    ? refusal(AUTHORIZER.unauthorized.value, 'The authorizer says that the peer is not authorized.')
    : refusal(AUTHORIZER.broken.value, `The authorizer failed: ${String(message)}`)
}

/**
 * AWS documents that `$context.authorizer.numKey` is the text "1". What an event of the proxy integration has is not
 * documented. It is text here: code that reads text on a laptop has an easy life on AWS, and the reverse is not true.
 */
const told = (principalId: string, context: Readonly<Record<string, unknown>>): Record<string, string> => {
  const others = Object.entries(context).filter(([key]) => key !== 'principalId')
  return { principalId, ...Object.fromEntries(others.map(([key, value]) => [key, String(value)])) }
}

/** The text at a source of identity. An empty one counts for nothing. */
const identityIn = (event: AuthorizerEvent, source: string): unknown => {
  const [kind] = IDENTITY_SOURCE.exec(source) ?? ['']
  const name = source.slice(kind.length)
  if (kind === 'route.request.querystring.') return own(event.queryStringParameters, name)
  if (kind === 'stageVariables.') return own(event.stageVariables, name)
  if (kind === 'context.') return name.split('.').reduce<unknown>(own, event.requestContext)
  const [, value] = Object.entries(event.headers).find(([key]) => key.toLowerCase() === name.toLowerCase()) ?? []
  return value
}

const own = (holder: unknown, key: string): unknown =>
  Object.hasOwn(Object(holder), key) ? Reflect.get(Object(holder), key) : undefined
