import type { Context } from 'aws-lambda'
import * as v from 'valibot'
import { accept, type Delivery, type Gateway, type Options, type Store, ws } from 'ws-interlock'
import { fanout } from 'ws-interlock/fanout/sqs'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { record } from '../../lib/conformance/made.ts'
import { impatient, type Queue } from '../kit/sqs.ts'
import { lambdaWith, peer, wire } from '../kit/wire.ts'
import { fakeTime } from '../protocol/kit.ts'

/** What a spec makes of a post. By default everybody is reached. */
export type Meets = (connectionId: string, nth: number) => Delivery | undefined | Promise<Delivery | undefined>

export interface CrowdOptions {
  readonly above?: number
  readonly ttlMs?: number
  readonly store?: Store
  readonly options?: Options
}

/**
 * An application whose channels are told through a queue, and a worker of another instance of it. The queue is real, and
 * nobody waits for it: what was put there is in `sent`, with the delay that was asked for.
 */
export const crowd = (queue: Queue, { above = 10, ttlMs, store, options }: CrowdOptions = {}) => {
  const time = fakeTime()
  const kept = store ?? memory({ now: time.now })
  const line = tapped()
  const { client, sent } = impatient(queue)
  const spreading = fanout({ client, queueUrl: queue.queueUrl, above, ...(ttlMs !== undefined && { ttlMs }) })
  const start = ws({
    gateway: line.gateway,
    clock: time,
    random: () => 0.5,
    warn: () => {},
    fanout: spreading,
    ...options,
  })
  const build = () =>
    start
      .store(kept)
      .pushes(noise)
      .onConnect(({ query, channel }) => {
        const room = query.get('room')
        return room === null ? accept() : channel(room).join()
      })
      .onError(() => {})
      .on('say', Said, async ({ data, channel }) => {
        const { room, text } = data
        await channel(room).broadcast('said', { text }, data.except && { except: data.except })
      })
      .build()
  const app = build()
  const ann = peer(app, wire())
  /** So many connections in a channel: `m0`, `m1` and so on. */
  const fill = (count: number, room = 'lobby', from = 0) => filled(kept, count, room, from)
  return {
    app,
    ann,
    fill,
    time,
    line,
    sent,
    store: kept,
    channel: (room = 'lobby') => app.server.channel(room),
    work: worker(build()),
  }
}

export const noise = { said: v.object({ text: v.string() }) }
const Said = v.object({ room: v.string(), text: v.string(), except: v.optional(v.array(v.string())) })

export const filled = async ({ records, memberships }: Store, count: number, room = 'lobby', from = 0) => {
  const ids = Array.from({ length: count }, (_, index) => `m${from + index}`)
  const row = ids.values()
  const lane = async () => {
    for (const id of row) {
      await records.create(id, record())
      await memberships.join(id, room)
    }
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  return ids
}

/** A gateway that counts what each connection got. */
export const tapped = () => {
  const frames = new Map<string, string[]>()
  const line = { meets: (() => undefined) as Meets, posts: 0 }
  const gateway: Gateway = {
    post: async (connectionId, body) => {
      const met = (await line.meets(connectionId, line.posts++)) ?? { outcome: 'delivered' }
      if (met.outcome === 'delivered') frames.set(connectionId, [...(frames.get(connectionId) ?? []), body])
      return met
    },
    close: async () => ({ outcome: 'delivered' }),
    info: async () => undefined,
  }
  return Object.assign(line, {
    gateway,
    frames,
    /** How often each of these was told. */
    counts: (ids: readonly string[]) => ids.map((id) => frames.get(id)?.length ?? 0),
    /** How many were told so often. */
    told: () => {
      const times = new Map<number, number>()
      for (const { length } of frames.values()) times.set(length, (times.get(length) ?? 0) + 1)
      return Object.fromEntries(times)
    },
  })
}

export const kindsOf = (sent: readonly { readonly body: unknown }[]) =>
  sent.map(({ body }) => (Object(body) as { readonly kind: string }).kind)

export const DONE = { batchItemFailures: [] }
export const THROTTLED: Delivery = { outcome: 'throttled', retryAfterMs: 0 }

/** The context of a worker that has so long to live. A cast, because nothing else of it is read. */
export const living = (remainingMs: number) => lambdaWith(remainingMs) as unknown as Context
