import type { APIGatewayAuthorizerResult } from 'aws-lambda'
import * as v from 'valibot'
import { type AuthorizerEvent, authorizer as authorizerOf } from 'ws-interlock/guard'
import { ws } from './ws.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>) => {}

// ---- the schema of an authorizer is that of what later events have

const Guest = v.object({ principalId: v.string(), tenant: v.string(), admin: v.optional(v.boolean()) })
const auth = authorizerOf(
  Guest,
  async ({ query, headers, subprotocols, stageVariables, allow, deny, unauthorized }) => {
    if (headers.has('x-banned') || subprotocols.length > 9) return deny({ why: 'banned', attempts: 3 })
    if (stageVariables.closed) return unauthorized()
    return query.has('admin') ? allow('ann', { tenant: 'acme', admin: true }) : allow('bob', { tenant: 'acme' })
  },
)
export const asAws: (event: AuthorizerEvent) => Promise<APIGatewayAuthorizerResult> = auth

ws()
  .authorizer(auth.context)
  .on('a', ({ authorizer }) => {
    same<typeof authorizer, { principalId: string; tenant: string; admin?: boolean | undefined }>(true)
  })

// What the schema makes of the context is for the application, what it takes is for the authorizer.
const Levelled = v.object({ level: v.pipe(v.string(), v.toNumber()) })
authorizerOf(Levelled, ({ allow }) => allow('ann', { level: '3' }))
ws()
  .authorizer(Levelled)
  .on('a', ({ authorizer }) => {
    same<typeof authorizer, { level: number }>(true)
  })

// Which context it is may hang on a member.
const Either = v.variant('kind', [
  v.object({ kind: v.literal('guest') }),
  v.object({ kind: v.literal('user'), seats: v.number() }),
])
authorizerOf(Either, ({ query, allow }) =>
  query.has('guest') ? allow('g', { kind: 'guest' }) : allow('u', { kind: 'user', seats: 3 }),
)

// Without a schema any flat context will do, and an interface is one.
interface Seat {
  readonly row: number
  readonly aisle?: boolean
}
declare const seat: Seat
authorizerOf(({ allow }) => allow('ann', seat))
authorizerOf(({ allow }) => allow('ann'))
authorizerOf(v.object({ principalId: v.string() }), ({ allow }) => allow('ann'))
