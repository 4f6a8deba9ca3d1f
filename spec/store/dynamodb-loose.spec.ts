import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { makeId } from 'ws-interlock/testing'
import { close, membersOf, record } from '../../lib/conformance/made.ts'
import { createTable, dynalite, refusal, road, type Way } from '../kit/dynamodb.ts'

const test = suite('dynamodb store: without transactions')

const made = (async () => {
  const { endpoint } = await dynalite()
  const tableName = await createTable(endpoint)
  const storeAt = (at: string) => dynamodb({ tableName, endpoint: at, env: {}, transactions: false, retries: 0 })
  let meet: (index: number) => Way | Promise<Way> = () => 'through'
  const { endpoint: guarded, seen } = await road(endpoint, (_, index) => meet(index))
  return {
    direct: storeAt(endpoint),
    /** For who is to have grown a channel. */
    knowing: storeAt(endpoint),
    /** A store of which request number `step` meets what `way` says. Resolves with how many requests `call` made. */
    at: async (
      step: number,
      way: () => Way | Promise<Way>,
      call: (store: ReturnType<typeof dynamodb>) => Promise<unknown>,
    ) => {
      const start = seen.length
      meet = (index) => (index - start === step ? way() : 'through')
      const result = await call(storeAt(guarded)).catch(() => 'failed' as const)
      return { requests: seen.length - start, result }
    },
  }
})()

type Call = 'join' | 'leave'
const STEPS = 8

/** A connection that is in a channel, or in none yet. */
const connection = async (isMember: boolean) => {
  const { direct } = await made
  const [id, channel] = [makeId(), makeId()]
  await direct.records.create(id, record())
  if (isMember) await direct.memberships.join(id, channel)
  const rows = async () => ({
    member: await direct.memberships.has(id, channel),
    reverse: (await direct.memberships.channels(id)).includes(channel),
  })
  return { id, channel, rows }
}

/** Do something at each step of a call, until it has no more of them. */
const atEachStep = async (
  call: Call,
  isMember: boolean,
  what: (id: string, channel: string) => Way | Promise<Way>,
  check: (found: {
    readonly member: boolean
    readonly reverse: boolean
    readonly result: unknown
    readonly step: number
  }) => void,
) => {
  const { at } = await made
  for (let step = 0; step < STEPS; step++) {
    const { id, channel, rows } = await connection(isMember)
    const done = await at(
      step,
      () => what(id, channel),
      ({ memberships }) => memberships[call](id, channel),
    )
    if (done.requests <= step) return step
    check({ ...(await rows()), result: done.result, step })
  }
  throw new Error(`${call} takes ${STEPS} requests or more`)
}

for (const isMember of [false, true])
  for (const [call, other] of [
    ['join', 'leave'],
    ['leave', 'join'],
    ['join', 'join'],
    ['leave', 'leave'],
  ] as const)
    test(`a ${other} at any step of a ${call}, ${isMember ? 'by a member' : 'by none'}, leaves no member without its reverse row`, async () => {
      const { direct } = await made
      const steps = await atEachStep(
        call,
        isMember,
        async (id, channel) => {
          await direct.memberships[other](id, channel)
          return 'through' as const
        },
        ({ member, reverse, step }) => assert.ok(reverse || !member, `at step ${step}`),
      )
      assert.ok(steps >= 3)
    })

for (const call of ['join', 'leave'] as const)
  for (const isMember of [false, true])
    test(`a ${call} that breaks off at any step, by ${isMember ? 'a member' : 'none'}, leaves no member that a disconnect would not find`, async () => {
      await atEachStep(
        call,
        isMember,
        () => refusal('AccessDeniedException'),
        ({ member, reverse, result, step }) => {
          assert.is(result, 'failed')
          assert.ok(reverse || !member, `at step ${step}`)
        },
      )
    })

for (const isMember of [false, true])
  test(`a connection that closes at any step of a join, ${isMember ? 'a member' : 'none'} before, is a member if join() said so, or was one`, async () => {
    const { direct } = await made
    await atEachStep(
      'join',
      isMember,
      async (id) => {
        await close(direct, id)
        return 'through' as const
      },
      ({ member, reverse, result, step }) => {
        assert.is(member, isMember || result === true, `at step ${step}`)
        assert.is(reverse, member, `at step ${step}`)
      },
    )
  })

/** A connection, a channel of eight shards, and an instance that knows of them beside one that does not. */
const grown = async () => {
  const { direct, knowing } = await made
  const [id, channel] = [makeId(), makeId()]
  await direct.records.create(id, record())
  await knowing.memberships.grow?.(channel, 8)
  const rows = async () => {
    const all = await membersOf(direct, channel)
    assert.ok(all.length <= 1, `it is a member ${all.length} times`)
    return { member: all.length === 1, reverse: (await direct.memberships.channels(id)).includes(channel) }
  }
  return { id, channel, rows }
}

for (const others of [['join'], ['leave', 'join'], ['join', 'leave'], ['join', 'leave', 'join']] as const)
  for (const call of ['join', 'leave'] as const)
    test(`${others.join(', ')} by who knows more shards, at any step of a ${call}, leaves one member at most, and its reverse row`, async () => {
      const { at, direct, knowing } = await made
      for (const isMember of [false, true])
        for (let step = 0; step < 2 * STEPS; step++) {
          const { id, channel, rows } = await grown()
          if (isMember) await direct.memberships.join(id, channel)
          const { requests, result } = await at(
            step,
            async () => {
              for (const other of others) await knowing.memberships[other](id, channel)
              return 'through' as const
            },
            ({ memberships }) => memberships[call](id, channel),
          )
          if (requests <= step) break
          const { member, reverse } = await rows()
          assert.ok(reverse || !member, `at step ${step}`)
          assert.is.not(result, 'failed')
          await direct.memberships.leave(id, channel)
          assert.equal(await rows(), { member: false, reverse: false }, `at step ${step}`)
        }
    })

test.run()
