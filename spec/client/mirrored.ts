import { accept, PermissionDeniedError, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { memory } from 'ws-interlock/store/memory'
import { type TestGatewayOptions, testGateway } from 'ws-interlock/testing'
import type { AnyStateMachine } from 'xstate'
import { type Mirror, mirror } from '../../lib/client/mirror.ts'
import type { PeerError } from '../../lib/errors.ts'
import { insideOf } from '../../lib/local/inside.ts'

/** What the routes are built of. */
export interface Mirrored {
  readonly machine: AnyStateMachine
  readonly names: readonly string[]
  readonly internal: readonly string[]
  /** Whether the server tells what its peers cannot know. */
  readonly tells: boolean
  /** Whether somebody looks when a deadline is over. */
  readonly watches: boolean
}

/** What a message asks of its handler. */
export interface Asked {
  readonly raises?: readonly string[]
  readonly fails?: boolean
}

/** A client with a mirror, and the server that it mirrors, in one process. */
export const mirrored = async (protocol: Mirrored, options: TestGatewayOptions = {}) => {
  const { machine, internal } = protocol
  const app = appOf(protocol)
  const gateway = testGateway(app, options)
  const client = await gateway.connect()
  const seen: Mirror = mirror(machine, { now: gateway.clock.now, internal })
  seen.begin()
  const asked = new Map<string, { readonly name: string; readonly data: Asked }>()
  let heard = 0
  /** Let the mirror have what has come, in the order in which it came. */
  const hear = () => {
    const frames = client.received.slice(heard) as readonly Heard[]
    heard += frames.length
    for (const { event, id, data, error } of frames) {
      if (event === '$state') seen.told(data)
      const message = event === undefined && id !== undefined ? asked.get(id) : undefined
      if (message && error) seen.refused(error)
      else if (message && id) seen.accepted(message.name, message.data, id)
    }
    return frames
  }
  let lastId = 0
  const say = (name: string, data: Asked = {}) => {
    const id = String(++lastId)
    asked.set(id, { name, data })
    client.send({ action: name, id, data })
  }
  /** What has come meanwhile. */
  const settled = async () => {
    await gateway.settled()
    return hear()
  }
  return {
    mirror: seen,
    gateway,
    client,
    hear,
    say,
    settled,
    /** Ask the mirror, and then the server whatever the mirror says: its answer, and what came with it. */
    ask: async (name: string, data: Asked = {}) => {
      const refusal = seen.refusal(name, data)
      say(name, data)
      const frames = await settled()
      const answer = frames.find(({ event, id }) => event === undefined && id === String(lastId))
      return { refusal, error: answer?.error, isAnswered: answer !== undefined, frames }
    },
    dispatch: (type: string) => app.server.connection(client.connectionId).dispatch({ type }),
    /** The state that is stored; `undefined` where the connection has come to its end. */
    stored: async () => {
      const record = await insideOf(app)?.ports?.records.read(client.connectionId)
      return client.closed || record?.closed ? undefined : record?.state
    },
  }
}

interface Heard {
  readonly event?: string
  readonly id?: string
  readonly data?: unknown
  readonly error?: PeerError
}

const appOf = ({ machine, names, internal, tells, watches }: Mirrored): App => {
  const start = ws({ warn: () => {} })
    .store(memory())
    .protocol(machine, { internal, mirror: tells, ...(watches && { deadlines: QUEUE }) })
    .onConnect(() => accept())
    .onError(() => {})
  // Which routes there are is known at run time alone, and the chain wants to know before.
  let chain = start as unknown as Chain
  for (const name of names)
    chain = chain.on(name, ANY, ({ data, raise }) => {
      for (const type of data.raises ?? []) raise({ type })
      if (data.fails) throw new PermissionDeniedError('As was asked.')
    })
  return chain.build()
}

interface Chain {
  readonly on: (name: string, schema: object, handler: (context: Context) => void) => Chain
  readonly build: () => App
}

interface App {
  (event: object, context: object): Promise<unknown>
  readonly server: {
    readonly connection: (id: string) => { readonly dispatch: (event: { type: string }) => Promise<void> }
  }
}

interface Context {
  readonly data: Asked
  readonly raise: (event: { type: string }) => void
}

const ANY = {
  '~standard': { version: 1, vendor: 'mirrors', validate: (value: unknown) => ({ value }) },
} as const

/** Named alone: the gateway in process has its own. */
const QUEUE = sqsDeadlines({ client: { send: async () => ({}) }, queueUrl: 'https://sqs.test/deadlines' })
