import { accept, type Delivery, type Gateway, PermissionDeniedError, route, type Store, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import type { ConnectionRecord, Memberships, Records, StorePorts } from '../../lib/store/store.ts'
import { type Course, call, pass } from './invocation.ts'
import type { Protocol } from './protocols.ts'
import type { Asked, Seen, Witness } from './witness.ts'

/** What an instance of the function is at work on. */
export interface Work {
  readonly course: Course
  readonly witness: Witness
  readonly seen: Seen
  /** What is kept of all connections. */
  readonly ports: StorePorts
  readonly random: () => number
}

/** One instance of the application. It is built once, and serves one invocation after the other. */
export interface Instance {
  work: Work
  readonly app: App
}

export interface App {
  (event: object, context: object): Promise<{ readonly statusCode: number }>
  readonly server: {
    readonly connection: (id: string) => { readonly dispatch: (event: { type: string }) => Promise<void> }
  }
}

/** `whole`: its store can commit a state together with its memberships. */
export const instanceOf = (
  protocol: Protocol,
  whole: boolean,
  first: Work,
  weaken: (store: Store) => Store = (store) => store,
): Instance => {
  // The applications are built before the race that they are in.
  const instance = { work: first } as { work: Work; app: App }
  const { machine, names, exclusive, internal } = protocol
  const clock = {
    now: () => instance.work.course.nowMs + instance.work.seen.skewMs,
    wait: async (ms: number) => {
      const { course, seen } = instance.work
      const until = course.nowMs + ms
      await pass(course, seen, `has waited ${ms} ms`)
      course.nowMs = Math.max(course.nowMs, until)
    },
  }
  const options = { gateway: gatewayOf(instance), clock, random: () => instance.work.random(), warn: () => {} }
  const start = ws(options)
    .store(weaken(storeOf(instance, whole)))
    .pushes({ said: ANY })
    .protocol(machine, { internal })
    .onConnect(() => accept())
    .onError(() => {})
  const handler = handlerOf(instance, protocol)
  // Which routes there are is known at run time alone, and the chain wants to know before.
  let chain = start as unknown as Chain
  for (const name of names) chain = chain.on(name, route({ input: ANY, exclusive: exclusive.includes(name) }), handler)
  instance.app = chain.build()
  return instance
}

interface Chain {
  readonly on: (name: string, route: object, handler: (context: Context) => Promise<void>) => Chain
  readonly build: () => App
}

/** What a handler is given, as far as it is used here. */
interface Context {
  readonly name: string
  readonly data: Asked
  readonly snapshot: { value: unknown; context: unknown; status: string }
  readonly raise: (event: { type: string }) => void
  readonly push: (name: string, data: unknown) => Promise<void>
  readonly channel: (name: string) => { readonly join: () => Promise<void>; readonly leave: () => Promise<void> }
}

/** One for all routes: it pushes, joins or leaves, raises, and fails at last where it is told to. */
const handlerOf =
  (instance: Instance, { joins, leaves, internal }: Protocol) =>
  async ({ name, data, snapshot, raise, push, channel }: Context): Promise<void> => {
    const { course, witness, seen } = instance.work
    witness.began(seen, snapshot)
    try {
      await pass(course, seen, 'is in its handler')
      const { [name]: joined } = joins
      const { [name]: left } = leaves
      if (joined !== undefined) await channel(joined).join()
      if (left !== undefined) await channel(left).leave()
      await push('said', name)
      const [type] = internal
      if (data.raises && type !== undefined) {
        seen.raised.push(type)
        raise({ type })
      }
      if (data.fails) throw new PermissionDeniedError('As was asked.')
      witness.ended(seen, 'well')
    } catch (error) {
      witness.ended(seen, 'badly')
      throw error
    }
  }

const gatewayOf = (instance: Instance): Gateway => {
  const deliver = async (frame: unknown): Promise<Delivery> => {
    const { witness, seen } = instance.work
    if (witness.gone) return { outcome: 'gone' }
    witness.posted(seen, frame)
    return { outcome: 'delivered' }
  }
  return {
    post: (_, body) => deliver(JSON.parse(body)),
    close: async () => {
      const delivery = await deliver('$closed')
      instance.work.witness.gone = true
      return delivery
    },
    info: async () => undefined,
  }
}

/** The store as one invocation reaches it: a call is made when it is its turn, and the witness sees what it does. */
const storeOf = (instance: Instance, whole: boolean): Store => {
  const within =
    <Given extends readonly unknown[], Result>(
      label: string,
      perform: (work: Work, ...given: Given) => Promise<Result>,
    ) =>
    (...given: Given) => {
      const { work } = instance
      return call(work.course, work.seen, label, () => perform(work, ...given))
    }
  const commit = within('commit', async ({ ports, witness, seen }, ...given: Parameters<Commit>) => {
    const result = await (ports.commit as Commit)(...given) // The memory store has it.
    if (result.ok) witness.wrote(seen, given[2], given[3])
    return result
  })
  return {
    ...memory(),
    records: {
      create: within('create', async ({ ports, witness, seen }, id: string, record: ConnectionRecord) => {
        const created = await ports.records.create(id, record)
        if (created) witness.wrote(seen, record)
        return created
      }),
      read: within('read', ({ ports }, id: string) => ports.records.read(id)),
      replace: within('replace', async ({ ports, witness, seen }, ...given: Parameters<Records['replace']>) => {
        const result = await ports.records.replace(...given)
        if (result.ok) witness.wrote(seen, given[2])
        return result
      }),
      delete: within('delete', ({ ports }, id: string) => ports.records.delete(id)),
    },
    memberships: {
      join: within('join', async ({ ports, witness, seen }, id: string, channel: string) => {
        const joined = await ports.memberships.join(id, channel)
        if (joined) witness.member(seen, channel, true)
        return joined
      }),
      leave: within('leave', async ({ ports, witness, seen }, id: string, channel: string) => {
        await ports.memberships.leave(id, channel)
        witness.member(seen, channel, false)
      }),
      has: within('has', ({ ports }, ...given: Parameters<Memberships['has']>) => ports.memberships.has(...given)),
      members: within('members', ({ ports }, channel: string) => ports.memberships.members(channel)),
      channels: within('channels', ({ ports }, id: string) => ports.memberships.channels(id)),
    },
    // Absent, the one that comes with the memory store would be another store's.
    commit: whole ? commit : undefined,
  } as Store
}

type Commit = NonNullable<StorePorts['commit']>

const ANY = {
  '~standard': { version: 1, vendor: 'races', validate: (value: unknown) => ({ value }) },
} as const
