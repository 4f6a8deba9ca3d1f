import { isDeepStrictEqual as equals } from 'node:util'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { AnyStateMachine } from 'xstate'
import { warm } from '../kit/warm.ts'
import { protocols } from '../races/machines.ts'
import { holds, SEED } from '../races/seeded.ts'
import { mirrored } from './mirrored.ts'

const test = suite('mirrors of machines that nobody has thought of')
test.before(warm)

const drawn = fc
  .sample(protocols, { seed: SEED, numRuns: 250 })
  .map((protocol) => Object.assign(protocol, { [fc.toStringMethod]: () => shown(protocol.machine) }))

const movesOf = (...does: readonly ('ask' | 'wait' | 'dispatch' | 'both')[]) =>
  fc.array(
    fc.record({
      does: fc.constantFrom(...does),
      event: fc.nat(41),
      raises: fc.constantFrom(false, false, true),
      fails: fc.constantFrom(false, false, false, false, true),
      ms: fc.constantFrom(200, 900, 2_500, 4_000, 41_000),
    }),
    { minLength: 2, maxLength: 12 },
  )

const mirroring = (
  moves: ReturnType<typeof movesOf>,
  tells: boolean,
  count = { refused: 0, foreseen: 0, told: 0 },
) => ({
  count,
  property: fc.asyncProperty(
    fc.constantFrom(...drawn),
    fc.boolean(),
    moves,
    async ({ machine, names, internal }, watches, moves) => {
      const { mirror, gateway, ...does } = await mirrored({ machine, names, internal, tells, watches })
      const isCalm = !moves.some(({ does }) => does === 'both')
      const [inside] = internal
      try {
        for (const move of moves) {
          const name = names[move.event % names.length] ?? ''
          const data = { fails: move.fails, raises: tells && move.raises ? internal : [] }
          if (move.does === 'ask') {
            const { refusal, error, frames } = await does.ask(name, data)
            if (error?.code === 'FAILED_PRECONDITION') count.refused++
            count.told += frames.filter(({ event }) => event === '$state').length
            if (refusal) count.foreseen++
            if (refusal) alike('refused', refusal, error)
          }
          if (move.does === 'wait') await gateway.advance(move.ms)
          if (move.does === 'both') {
            mirror.refusal(name)
            does.say(name, data)
          }
          const isInside = move.does === 'both' || move.does === 'dispatch'
          if (isInside && inside !== undefined) await does.dispatch(inside).catch(() => {}) // A refusal is an answer too.
          await does.settled()
          const state = await does.stored()
          if (!state) return
          if (tells && isCalm) alike('at', Object(mirror.snapshot).value, state.value)
        }
      } finally {
        await gateway.close()
      }
    },
  ),
})

test('a mirror is where the server is, never refuses what that accepts, and refuses in its words', async () => {
  const { property, count } = mirroring(movesOf('ask', 'ask', 'ask', 'ask', 'wait', 'dispatch'), true)
  await holds('mirrors', 400, property)
  assert.ok(count.told > 200, `told ${count.told} times`)
  assert.ok(count.foreseen > 200, `foresaw ${count.foreseen} of ${count.refused} refusals`)
})

test('it never refuses what the server accepts, though the server acts by itself at the same moment', async () => {
  const { property, count } = mirroring(movesOf('ask', 'ask', 'ask', 'both', 'wait'), true)
  await holds('mirrors that are overtaken', 400, property)
  assert.ok(count.foreseen > 200, `foresaw ${count.foreseen} of ${count.refused} refusals`)
})

test('it never refuses what the server accepts, where the server tells nothing and deadlines alone change the state', async () => {
  const { property, count } = mirroring(movesOf('ask', 'ask', 'ask', 'wait'), false)
  await holds('mirrors that are told nothing', 400, property)
  assert.is(count.told, 0)
  assert.ok(count.foreseen > 200, `foresaw ${count.foreseen} of ${count.refused} refusals`)
})

/** Fast-check shows the message of what failed. */
const alike = (what: string, mirrored: unknown, real: unknown) => {
  if (!equals(mirrored, real))
    throw new Error(`${what}: ${JSON.stringify(mirrored)} in the mirror, ${JSON.stringify(real)} at the server`)
}

/** Guards and actions as they are written. */
const shown = ({ config }: AnyStateMachine): string =>
  JSON.stringify(config, (_, value: unknown) => (typeof value === 'function' ? value.toString() : value))

test.run()
