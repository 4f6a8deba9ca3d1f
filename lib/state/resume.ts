import { FailedPreconditionError } from '../errors.ts'
import type { MessageEvent } from '../event/event.ts'
import type { Claimed } from '../flow/claim.ts'
import { send } from '../flow/deliver.ts'
import type { Plan, Route } from '../flow/plan.ts'
import type { Received } from '../flow/receive.ts'
import { report } from '../flow/report.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import type { Machine } from '../protocol/machine.ts'
import { type Denied, resume as takeOver } from '../protocol/resume.ts'
import type { Schema } from '../schema.ts'
import type { ConnectionRecord, StorePorts } from '../store/store.ts'
import { arm } from './arm.ts'
import { RECORD_MS } from './connection.ts'
import { driveThrough, policyOf, tokenOf } from './drive.ts'
import { fail } from './fail.ts'
import type { Protocol } from './protocol.ts'
import { mint, verify } from './token.ts'

export interface ResumeOptions {
  /**
   * What the tokens are signed with: at least 32 characters that nobody can guess, the same on every instance. Of a
   * list the first one signs and all verify, so that a secret can be replaced without a break.
   */
  readonly secret: string | readonly string[]
  /** How long after its end a connection can be taken over, in milliseconds; at most 15 minutes. @default 120_000 */
  readonly windowMs?: number
}

/** What `.protocol(machine, { resume })` takes. */
export interface Resume {
  readonly windowMs: number
  /** The same, for one machine. */
  readonly of: (machine: Machine) => Resumption
}

/** How the connections of one machine are taken over. */
export interface Resumption {
  /** The route by which a new connection shows its token. */
  readonly route: Route
  /** Give the peer a token, once its connection has something to take over: its record before and after a message. */
  readonly offer: (
    plan: Plan,
    received: Received,
    before: ConnectionRecord | undefined,
    after: ConnectionRecord | undefined,
  ) => Promise<void>
  /** Take over the connection that a token names. */
  readonly take: (
    plan: Plan,
    store: StorePorts,
    protocol: Protocol,
    received: Received<MessageEvent>,
    data: unknown,
  ) => Promise<Claimed>
}

/**
 * Let a peer that lost its connection go on where it was: a new connection takes over the state, the deadlines and the
 * channels of the old one.
 *
 * ```ts
 * ws().store(store).protocol(machine, { resume: resume({ secret: process.env.RESUME_SECRET ?? '' }) })
 * ```
 *
 * After its first message that changed the state the peer is pushed `{ "event": "$resume", "data": { "token" } }`. On
 * its next connection the first message is `{ "action": "$resume", "id": "1", "data": { "token" } }`, and the reply has
 * the next token. A token is good for one connection; after `windowMs` it is refused, and the peer begins anew. With
 * `"linger": true` the old connection, where it is open, is left to the peer to close.
 *
 * Throws a TypeError for a secret that is too short, or a window that is no time.
 */
export const resume = (options: ResumeOptions): Resume => {
  needKeys('resume()', options, ['secret', 'windowMs'])
  const { secret, windowMs = DEFAULT_WINDOW_MS } = options
  const secrets: readonly string[] = typeof secret === 'string' ? [secret] : Array.isArray(secret) ? secret : []
  need(
    secrets.length > 0 && secrets.every((one) => typeof one === 'string' && one.length >= MIN_SECRET),
    `A secret of at least ${MIN_SECRET} characters`,
    'resume({ secret })',
  )
  if (!(Number.isInteger(windowMs) && windowMs > 0 && windowMs <= MAX_WINDOW_MS))
    throw mistake(`A window is a whole number of milliseconds up to ${MAX_WINDOW_MS}.`, 'resume({ windowMs })')

  return { windowMs, of: (machine) => resumption(secrets, windowMs, machine) }
}

const resumption = (secrets: readonly string[], windowMs: number, machine: Machine): Resumption => {
  const offered = ({ connection, authorizer }: Shown) => ({
    token: mint(secrets, {
      connectionId: connection.id,
      until: connection.connectedAt + RECORD_MS,
      scope: scopeOf(machine, authorizer),
    }),
    windowMs,
  })
  return {
    route: {
      name: NAME,
      input: TOKEN,
      reply: undefined,
      exclusive: false,
      // Runs when the connection has been taken over, so the snapshot is the one that it has now.
      run: (context) => {
        const { snapshot, ...shown } = context as Shown & { readonly snapshot: { readonly value: unknown } }
        return { recovered: true, state: snapshot.value, ...offered(shown) }
      },
    },
    offer: async (plan, received, before, after) => {
      if (before?.done || !after?.done || after.state?.done) return
      await send(plan, received, received.connectionId, plan.codec.push(NAME, offered(received)))
    },
    take: async (plan, store, protocol, received, data) => {
      const { connectionId: self, authorizer, lambda, lifetime, gateway, event } = received
      const { token, linger, key } = data as Shows // as its schema says
      const from = verify(secrets, token, scopeOf(machine, authorizer), plan.clock.now())
      if (from === undefined) throw denied('This token opens nothing.')
      const asked = { from, self, token: tokenOf(plan, lambda?.awsRequestId), key, windowMs }
      const engine = takeOver(machine, asked, policyOf(plan, lifetime))
      const { result, driven } = await driveThrough(plan, store, self, engine)
      if (result.kind === 'denied') throw denied(REASONS[result.reason])
      if (result.kind === 'done') throw new TypeError('A connection was taken over by a message.')
      if (result.kind !== 'resumed') throw await fail(protocol, NAME, result, driven.cause)
      const { record, open } = result
      // The state stands: what fails now is told, and changes nothing.
      await arm(protocol, self, event.requestContext, undefined, record).catch((error: unknown) =>
        report(plan, received, NAME, error),
      )
      // Its socket may be half open: nobody should pay for what its peer no longer reads. Best effort.
      // One whose peer is there closes it itself, once it has heard here what was on its way there.
      if (open && !linger) await gateway.close(from, lifetime.signal).catch(() => {})
      return { snapshot: () => machine.snapshot(record.state), record, exclusive: false, commit: undefined }
    },
  }
}

type Shown = Pick<Received, 'connection' | 'authorizer'>

/** Who may use a token: a peer of the same protocol, and the same principal where an authorizer names one. */
const scopeOf = ({ name }: Machine, authorizer: unknown) =>
  JSON.stringify([name, (Object(authorizer) as { readonly principalId?: unknown }).principalId ?? null])

const denied = (message: string) => new FailedPreconditionError(message, { details: { reason: 'resume-denied' } })

const REASONS: Readonly<Record<Denied['reason'], string>> = {
  expired: 'The connection ended too long ago to be taken over. Begin anew.',
  used: 'This token was used before. Begin anew.',
  ended: 'The connection had come to its end. Begin anew.',
  foreign: 'This token was given to another user. Begin anew.',
  'not-first': 'This connection has a state of its own. A token is for the first message.',
}

interface Shows {
  readonly token: string
  readonly linger?: boolean
  readonly key?: string
}

const NAME = '$resume'

const TOKEN: Schema = {
  '~standard': {
    version: 1,
    vendor: 'ws-interlock',
    validate: (value) => {
      const { token, linger = false, key = 'a key' } = Object(value)
      if (typeof token !== 'string') return refused('token', 'It is what the server gave: a string.')
      if (typeof key !== 'string' || key === '' || key.length > MAX_KEY)
        return refused(
          'key',
          `It is a text of up to ${MAX_KEY} characters, the same each time that the token is shown.`,
        )
      return typeof linger === 'boolean' ? { value } : refused('linger', 'It is true where the old connection is open.')
    },
  },
}

const refused = (key: string, message: string) => ({ issues: [{ message, path: [key] }] })

/** Two minutes: a train through a tunnel, a laptop from one room to another. */
const DEFAULT_WINDOW_MS = 120_000
/** A record is kept for a quarter of an hour after the last moment that its connection can live. */
const MAX_WINDOW_MS = 15 * 60 * 1000
const MIN_SECRET = 32
/** It is kept in a record, of which DynamoDB bills each started kilobyte. */
const MAX_KEY = 64
