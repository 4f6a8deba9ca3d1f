import type { Connection } from '../connection.ts'
import type { Feed, Seen } from '../feed.ts'
import { isFailure, show } from './shown.ts'

/** The past of a gateway, as far as it is kept. */
export interface Backlog {
  /** What a page begins with, as JSON. */
  readonly snapshot: () => string
  /** Every event from now on, as JSON. Returns how to stop. */
  readonly follow: (reader: (event: string) => void) => () => void
  readonly close: () => void
}

/** Since the gateway began, or since a connection was opened. */
interface Counts {
  received: number
  sent: number
  /** Invocations that threw, timed out, gave a malformed answer or told the peer of an internal error. */
  failed: number
}

/** What is known of a connection besides who it is. */
interface Facts extends Counts {
  query?: string
  state?: string
}

/** Remember the last events, and how each open connection stands. Bounded by number and by size. */
export const backlog = (feed: Feed, connections: ReadonlyMap<string, Connection>): Backlog => {
  const total = { opened: 0, received: 0, sent: 0, failed: 0 }
  const facts = new Map<string, Facts>()
  const readers = new Set<(event: string) => void>()
  const events: string[] = []
  let characters = 0
  let number = 0

  const stop = feed.listen((seen) => {
    if (seen.kind === 'opened') total.opened++
    count(total, seen)
    note(facts, connections, seen)
    const event = JSON.stringify({ number: ++number, ...show(seen) })
    events.push(event)
    characters += event.length
    while (events.length > MAX_EVENTS || characters > MAX_CHARACTERS) characters -= events.shift()?.length ?? 0
    for (const reader of readers) reader(event)
  })

  const open = () =>
    [...connections.values()].map(({ who: { connectionId, connectedAt, sourceIp, userAgent } }) => ({
      ...facts.get(connectionId),
      ...{ connectionId, at: connectedAt, sourceIp, userAgent },
    }))
  return {
    snapshot: () => `{"total":${JSON.stringify(total)},"connections":${JSON.stringify(open())},"events":[${events}]}`,
    follow: (reader) => {
      readers.add(reader)
      return () => readers.delete(reader)
    },
    close: () => {
      stop()
      readers.clear()
    },
  }
}

const MAX_EVENTS = 1_000
/** Of all events that are kept, so that a snapshot is never more than a few megabytes. */
const MAX_CHARACTERS = 2 * 1024 * 1024

const note = (facts: Map<string, Facts>, connections: ReadonlyMap<string, Connection>, seen: Seen) => {
  const id = seen.kind === 'invoked' ? seen.invocation.connectionId : seen.connectionId
  if (seen.kind === 'closed' || isRefused(seen)) {
    facts.delete(id)
    return
  }
  // `$connect` is invoked before there is a connection, and a handler may end after it is gone.
  if (!connections.has(id) && !isConnect(seen)) return
  const known = facts.get(id) ?? { received: 0, sent: 0, failed: 0 }
  facts.set(id, known)
  count(known, seen)
  if (seen.kind === 'opened') known.query = seen.query
  if (seen.kind === 'invoked' && seen.invocation.states?.after !== undefined) known.state = seen.invocation.states.after
}

const count = (counts: Counts, seen: Seen) => {
  if (seen.kind === 'received') counts.received++
  if (seen.kind === 'sent') counts.sent++
  if (seen.kind === 'invoked' && isFailure(seen.invocation)) counts.failed++
}

const isConnect = (seen: Seen) => seen.kind === 'invoked' && seen.invocation.eventType === 'CONNECT'

const isRefused = (seen: Seen) =>
  seen.kind === 'invoked' &&
  seen.invocation.eventType === 'CONNECT' &&
  (seen.invocation.outcome !== 'answered' || (seen.invocation.status ?? 200) >= 300)
