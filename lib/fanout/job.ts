import type { Api } from '../event/event.ts'
import { plainJson } from '../publish/text.ts'

/** What each part of a broadcast says. */
export interface Said {
  /** The broadcast's own, which its frame carries. */
  readonly id: string
  readonly channel: string
  /** When it is too late to say it, in epoch milliseconds. */
  readonly until: number
  /** Absent where it is too large for a queue: then it is kept under the id. */
  readonly frame?: string
  /** Where the connections are reached, as far as that is known. */
  readonly api?: Api
}

/** Find the members of one shard, from the cursor on, and have it said to them. */
export interface ShardJob extends Said {
  readonly kind: 'fanout-shard'
  readonly shard: number
  /** Of the channel, when the broadcast was planned. */
  readonly shards: number
  readonly cursor?: string
  /** Members before the cursor. */
  readonly seen: number
  /** Connections to leave out. */
  readonly except: readonly string[]
}

/** Say it to these connections. */
export interface PageJob extends Said {
  readonly kind: 'fanout-page'
  readonly connectionIds: readonly string[]
  /** How often it was tried to say it to them. */
  readonly attempts: number
}

export type Job = ShardJob | PageJob

/** A job as a queue carries it. Equal jobs are equal texts. */
export const textOf = (job: Job): string => plainJson(job)

/** Read what came out of a queue. Throws a TypeError, in a sentence, for what is no job. */
export const jobOf = (body: Readonly<Record<string, unknown>>): Job => {
  const { kind } = body
  if (kind === 'fanout-shard') {
    if (isSaid(body) && isShard(body)) return body
    throw new TypeError(`It is no job of a broadcast: { "kind": "fanout-shard", ${SAID}, ${SHARD} }, ${IF_KNOWN}.`)
  }
  if (kind === 'fanout-page' && isSaid(body) && isPage(body)) return body
  throw new TypeError(`It is no job of a broadcast: { "kind": "fanout-page", ${SAID}, ${PAGE} }, ${IF_KNOWN}.`)
}

const SAID = '"id", "channel", "until", "frame", "api": { "apiId", "stage", "domainName" }'
const SHARD = '"shard", "shards", "cursor", "seen", "except": […]'
const PAGE = '"connectionIds": […], "attempts"'
const IF_KNOWN = '"frame", "api" and "cursor" if known'

type Unread<Known> = { readonly [Name in keyof Known]?: unknown }

const isSaid = ({ id, channel, until, frame, api }: Unread<Said>) =>
  isText(id) && isText(channel) && Number.isFinite(until) && isTextIfAny(frame) && isApi(api)

const isShard = (body: Unread<ShardJob>): body is ShardJob => {
  const { shard, shards, cursor, seen, except } = body
  return isCount(shard) && isCount(shards) && shard < shards && isTextIfAny(cursor) && isCount(seen) && isTexts(except)
}

const isPage = (body: Unread<PageJob>): body is PageJob => isTexts(body.connectionIds) && isCount(body.attempts)

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTextIfAny = (value: unknown) => value === undefined || isText(value)
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

const isApi = (api: unknown) => {
  if (api === undefined) return true
  const { apiId, stage, domainName }: Readonly<Record<string, unknown>> = Object(api)
  // They become part of a host and a path: no slash may make of them another host.
  return [apiId, stage, domainName].every((part) => typeof part === 'string' && /^[\w.:$[\]-]+$/.test(part))
}
