import type { Delivery, Gateway, Store } from 'ws-interlock'
import {
  connectEvent,
  disconnectEvent,
  type Farewell,
  type Frame,
  type Handshake,
  makeId,
  messageEvent,
} from 'ws-interlock/testing'

/** What an application is to its gateway. */
type Handler = (event: never, context: never) => Promise<{ readonly statusCode: number; readonly body?: string }>

/** A gateway in this process: it keeps what is sent to each connection, and knows who is there. */
export interface Wire {
  readonly gateway: Gateway
  /** Take what was sent to a connection since the last look, parsed. `$closed` stands where it was closed. */
  readonly taken: (connectionId: string) => unknown[]
  /** From now on the connection is gone: posts meet a 410. */
  readonly cut: (connectionId: string) => void
  /** How often anything was posted. */
  readonly posts: () => number
}

export const wire = (): Wire => {
  const sent = new Map<string, unknown[]>()
  const gone = new Set<string>()
  let posts = 0
  const keep = (connectionId: string, frame: unknown): Delivery => {
    posts++
    if (gone.has(connectionId)) return { outcome: 'gone' }
    sent.set(connectionId, [...(sent.get(connectionId) ?? []), frame])
    return { outcome: 'delivered' }
  }
  return {
    gateway: {
      post: async (connectionId, body) => keep(connectionId, JSON.parse(body)),
      close: async (connectionId) => {
        const delivery = keep(connectionId, '$closed')
        gone.add(connectionId)
        return delivery
      },
      info: async () => undefined,
    },
    taken: (connectionId) => {
      const frames = sent.get(connectionId) ?? []
      sent.delete(connectionId)
      return frames
    },
    cut: (connectionId) => gone.add(connectionId),
    posts: () => posts,
  }
}

/** One peer of an application, driven by events as AWS sends them. */
export const peer = (app: Handler, { taken }: Wire, connectionId = makeId()) => {
  const handler = app as (
    event: unknown,
    context: unknown,
  ) => Promise<{ readonly statusCode: number; readonly body?: string }>
  return {
    connectionId,
    /** Any event, of whatever connection. What was sent is not taken. */
    handle: (event: unknown, context?: unknown) => handler(event, context),
    taken: () => taken(connectionId),
    connect: (handshake: Handshake = {}, context?: unknown) =>
      handler(connectEvent({ connectionId, ...handshake }), context),
    /** The status, and the frames that the peer has got meanwhile. */
    send: async (body: unknown, frame: Frame = {}, context?: unknown) => {
      const { statusCode } = await handler(messageEvent({ connectionId, body, ...frame }), context)
      return { statusCode, frames: taken(connectionId) }
    },
    /** The same for a message event with members that no maker would write. */
    sendAs: async (odd: object, context?: unknown) => {
      const { statusCode } = await handler({ ...messageEvent({ connectionId }), ...odd }, context)
      return { statusCode, frames: taken(connectionId) }
    },
    disconnect: (farewell: Farewell = {}, context?: unknown) =>
      handler(disconnectEvent({ connectionId, ...farewell }), context),
  }
}

/** Something that waits until it is opened: for handlers that are to be caught in the middle. */
export const latch = () => {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}

/** What the frames say: the codes of errors, and everything else as it is. */
export const codesOf = (frames: readonly unknown[]): unknown[] =>
  frames.map((frame) => (frame as { readonly error?: { readonly code: string } }).error?.code ?? frame)

/** A clock that goes on only by what is waited for. */
export const stoppedClock = (startMs = Date.UTC(2024, 1, 19)) => {
  let nowMs = startMs
  const advance = (ms: number) => {
    nowMs += ms
  }
  return { now: () => nowMs, wait: async (ms: number) => advance(ms), advance }
}

/** The same gateway; whoever is cut was connected for longer than any handshake takes. */
export const cutLate = (net: Wire, { advance }: ReturnType<typeof stoppedClock>): Wire => ({
  ...net,
  cut: (connectionId) => {
    advance(30_000)
    net.cut(connectionId)
  },
})

/** The context of an invocation that has so long to live. */
export const lambdaWith = (remainingMs: number, awsRequestId = 'request') => ({
  awsRequestId,
  getRemainingTimeInMillis: () => remainingMs,
})

/** Waits until it is its caller's turn to do what `call` names. */
export type Turn = (call?: string) => Promise<void>

/** A store that takes a turn before each call: what an instance of a function is to the others. */
export const inTurns = (store: Store, turn: Turn): Store => {
  const { records, memberships, commit } = store
  const after =
    <Given extends readonly unknown[], Result>(name: string, call: (...given: Given) => Promise<Result>) =>
    async (...given: Given) => {
      await turn(name)
      return call(...given)
    }
  return {
    ...store,
    records: {
      create: after('create', records.create),
      read: after('read', records.read),
      replace: after('replace', records.replace),
      delete: after('delete', records.delete),
    },
    memberships: {
      join: after('join', memberships.join),
      leave: after('leave', memberships.leave),
      has: after('has', memberships.has),
      members: after('members', memberships.members),
      channels: after('channels', memberships.channels),
      ...(memberships.note && { note: after('note', memberships.note) }),
    },
    ...(commit && { commit: after('commit', commit) }),
  }
}

/** Run actors against each other. `schedule` says whose turn is next; once it is used up the first one goes on. */
export const interleave = async <Result>(
  schedule: readonly number[],
  actors: readonly ((turn: Turn) => Promise<Result>)[],
): Promise<Result[]> => {
  const seats = actors.map(() => ({ halted: latch(), go: () => {}, over: false }))
  const results = seats.map(async (seat, index) => {
    const turn = () =>
      new Promise<void>((resolve) => {
        seat.go = resolve
        seat.halted.open()
      })
    try {
      return await actors[index]?.(turn)
    } finally {
      seat.over = true
      seat.halted.open()
    }
  })
  const order = [...schedule]
  for (;;) {
    await Promise.all(seats.map(({ halted }) => halted.passed))
    const wanted = seats[order.shift() ?? 0]
    const next = wanted?.over === false ? wanted : seats.find(({ over }) => !over)
    if (!next) return (await Promise.all(results)) as Result[]
    next.halted = latch()
    next.go()
  }
}

/** Every schedule of two actors up to so many turns. */
export const schedules = (turns: number): number[][] =>
  Array.from({ length: 2 ** turns }, (_, bits) => Array.from({ length: turns }, (_, turn) => (bits >> turn) & 1))
