import type * as MISTAKES from '../mistakes.ts'
import { mistake, need, needKeys, nestedContext, principalInContext } from '../mistakes.ts'
import type { AnySchema, InputOf } from '../schema.ts'
import type { Mistake } from '../types/mistake.ts'

/** What the context of an authorizer can carry. API Gateway takes no objects, no arrays and no `null`. */
export type Scalar = string | number | boolean

/** What an authorizer came to. Made by `allow()`, `deny()` or `unauthorized()`. */
export type Verdict = Policy | { readonly effect: 'Unauthorized' }

interface Policy {
  readonly effect: 'Allow' | 'Deny'
  readonly principalId: string
  readonly context: Readonly<Record<string, Scalar>>
}

/** Let a peer in: who it is, and what later events are to know of it. */
export type Allow<S extends AnySchema | undefined> = S extends AnySchema
  ? AllowFitting<Told<InputOf<S>>>
  : <C extends Flat<C>>(principalId: string, context?: C) => Verdict

type AllowFitting<C> = {} extends C
  ? (principalId: string, context?: C) => Verdict
  : (principalId: string, context: C) => Verdict

/** The schema is of all that later events have; `principalId` is told apart from the rest. */
type Told<In> = In extends unknown ? { [K in keyof In as Exclude<K, 'principalId'>]: In[K] } : never

/** Written in terms of itself, so that an interface fits: one has no index signature. */
export type Flat<C> = {
  readonly [K in keyof C]: K extends 'principalId'
    ? Mistake<typeof MISTAKES.principalInContext, K>
    : string | number | boolean | undefined
}

/** What a Lambda authorizer returns to API Gateway. */
export interface AuthorizerResult {
  principalId: string
  policyDocument: {
    Version: '2012-10-17'
    Statement: { Action: 'execute-api:Invoke'; Effect: 'Allow' | 'Deny'; Resource: string }[]
  }
  context: Record<string, Scalar>
}

export const allow = (principalId: string, context: object = {}): Verdict => {
  need(typeof principalId === 'string' && principalId !== '', 'The id of a principal, a string,', 'allow(principalId)')
  return { effect: 'Allow', principalId, context: flat(context, 'allow(principalId, context)') }
}

/** AWS wants a principal for a refusal, too. */
export const deny = (context: object = {}): Verdict => ({
  effect: 'Deny',
  principalId: 'nobody',
  context: flat(context, 'deny(context)'),
})

export const unauthorized = (): Verdict => ({ effect: 'Unauthorized' })

/** "Amazon API Gateway quotas": the result of a Lambda authorizer has 8 KB at most. */
const MAX_RESULT_BYTES = 8 * 1024

/** The result for API Gateway: a policy for this very call. Nothing is cached for a WebSocket API, so no wider one helps. */
export const resultOf = (methodArn: string, { effect, principalId, context }: Policy): AuthorizerResult => {
  const result: AuthorizerResult = {
    principalId,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Action: 'execute-api:Invoke', Effect: effect, Resource: methodArn }],
    },
    context: { ...context },
  }
  const bytes = Buffer.byteLength(JSON.stringify(result))
  if (bytes > MAX_RESULT_BYTES)
    throw mistake(`The result of an authorizer has ${MAX_RESULT_BYTES} bytes at most.`, `this one has ${bytes}`)
  return result
}

const flat = (context: object, where: string): Policy['context'] => {
  needKeys(where, context)
  const told = Object.entries(context).filter(([, value]) => value !== undefined)
  for (const [key, value] of told) {
    if (key === 'principalId') throw mistake(principalInContext, where)
    if (!SCALARS.includes(typeof value)) throw mistake(nestedContext, `'${key}' in ${where}`)
    // It goes as text, and the text would not give the number back.
    if (typeof value === 'number' && !isExact(value))
      throw mistake('A number that arrives as another one is not a fact. Pass it as a string.', `'${key}' in ${where}`)
  }
  return Object.fromEntries(told)
}

const SCALARS: readonly string[] = ['string', 'number', 'boolean']

const isExact = (value: number) => Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
