import type { Claimed } from '../../lib/flow/claim.ts'
import { Fault } from '../../lib/flow/fault.ts'
import type { Handled } from '../../lib/flow/handle.ts'
import type { State } from '../../lib/flow/state.ts'
import { Outbox } from '../../lib/gateway/outbox.ts'
import type { ConnectionRecord, Records, StorePorts } from '../../lib/store/store.ts'
import type { Weakness } from './arena.ts'

interface Shown {
  readonly what: string
  /** What the witness says of it. */
  readonly shows: RegExp
  readonly weakness: Weakness
}

/** What a store or an engine could lack, and what the races must see of it. */
export const weaknesses = (): readonly Shown[] => [
  {
    what: 'a store that replaces without comparing',
    shows: /^\d .* beside that of/,
    weakness: { ports: comparesNothing },
  },
  {
    what: 'a store that replaces without comparing, at the end',
    shows: /^\d .* wrote after the end/,
    weakness: { ports: comparesNothing },
  },
  {
    what: 'a store whose read is one write old',
    shows: /^\d .* not the state at any time of its life/,
    weakness: { ports: readsLate },
  },
  {
    what: 'a store that joins whom it has seen leave',
    shows: /^\d .* after the end/,
    weakness: { ports: joinsAnybody },
  },
  {
    what: 'an engine that commits before the handler',
    shows: /^\d .* committed what no handler has earned/,
    weakness: engine(commitsFirst),
  },
  {
    what: 'an engine whose output does not wait for the commit',
    shows: /^\d .* pushed what was not committed/,
    weakness: engine(holdsNothingBack),
  },
  {
    what: 'an engine that forgets which messages were applied',
    shows: /^\d .* once more/,
    weakness: { ports: reads(nameless) },
  },
  {
    what: 'a claim that ends before its function does',
    shows: /^\d .* beside that of/,
    weakness: { ports: reads((record) => claimedFor(record, -40_000)) },
  },
  {
    what: 'a claim that never ends',
    shows: /After the race '\w+' was told 'UNAVAILABLE'/,
    weakness: { ports: reads((record) => claimedFor(record, 1_000_000_000)) },
  },
]

const comparesNothing = (ports: StorePorts): StorePorts => {
  const { records, commit } = ports
  const versionOf = async (id: string, version: number) => (await records.read(id))?.version ?? version
  return {
    ...ports,
    records: {
      ...records,
      replace: async (id, version, next) => records.replace(id, await versionOf(id, version), next),
    },
    ...(commit && {
      commit: async (id, version, next, changes) => commit(id, await versionOf(id, version), next, changes),
    }),
  }
}

const readsLate = (ports: StorePorts): StorePorts => {
  const { records, commit } = ports
  let earlier: ConnectionRecord | undefined
  const noting = async <Result>(id: string, write: () => Promise<Result>) => {
    const before = await records.read(id)
    const result = await write()
    if ((await records.read(id))?.version !== before?.version) earlier = before
    return result
  }
  return {
    ...ports,
    records: {
      ...records,
      read: async (id) => earlier ?? records.read(id),
      replace: (...given) => noting(given[0], () => records.replace(...given)),
    },
    ...(commit && { commit: (...given) => noting(given[0], () => commit(...given)) }),
  }
}

const joinsAnybody = (ports: StorePorts): StorePorts => {
  const { memberships } = ports
  return {
    ...ports,
    memberships: { ...memberships, join: async (...given) => [await memberships.join(...given)].length > 0 },
  }
}

/** A store that says of a record what `tell` makes of it. */
const reads =
  (tell: (record: ConnectionRecord) => ConnectionRecord) =>
  (ports: StorePorts): StorePorts => {
    const read: Records['read'] = async (id) => {
      const record = await ports.records.read(id)
      return record && tell(record)
    }
    return { ...ports, records: { ...ports.records, read } }
  }

const claimedFor = (record: ConnectionRecord, moreMs: number): ConnectionRecord => {
  const { claim } = record
  return claim ? { ...record, claim: { ...claim, deadline: claim.deadline + moreMs } } : record
}

/** The same record, with no id of what was applied. */
const nameless = (record: ConnectionRecord): ConnectionRecord => {
  const { done } = record
  return done ? { ...record, done: done.map((one) => one.slice(0, one.lastIndexOf(' ') + 1)) } : record
}

/** An engine whose leave to run a handler is what `give` makes of it. */
const engine = (give: (claimed: Claimed) => Promise<Claimed>): Weakness => {
  return {
    store: (store) => ({
      ...store,
      '~state': (ports, application) => {
        const state = store['~state'](ports, application) as State // As every store makes it.
        const { claim } = state
        return { ...state, claim: claim && (async (...given: Parameters<typeof claim>) => give(await claim(...given))) }
      },
    }),
  }
}

const commitsFirst = async (claimed: Claimed): Promise<Claimed> => {
  const { exclusive, commit } = claimed
  if (!exclusive || !commit) return claimed
  // Of a message that never was nobody asks for more.
  await commit({ ...NOTHING, box: new Outbox(true) } as unknown as Handled)
  return {
    ...claimed,
    commit: async ({ failure, box }) => {
      if (failure) throw new Fault(failure.error)
      await box.open()
    },
  }
}

const holdsNothingBack = async (claimed: Claimed): Promise<Claimed> => {
  return { ...claimed, exclusive: false }
}

const NOTHING = {
  raised: [],
  closing: { reason: undefined },
  answer: undefined,
  later: false,
  failure: undefined,
}
