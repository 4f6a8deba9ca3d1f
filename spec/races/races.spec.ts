import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { warm } from '../kit/warm.ts'
import { type Arena, arenaOf } from './arena.ts'
import { races, visits, votes } from './draw.ts'
import { protocols } from './machines.ts'
import { chat, opening } from './protocols.ts'
import { run } from './race.ts'
import { holds, SEED, seen } from './seeded.ts'
import { weaknesses } from './weak.ts'

const test = suite('races')
test.before(warm)

const racing = (arenas: readonly Arena[], race = races) =>
  fc.asyncProperty(fc.scheduler(), fc.constantFrom(...arenas), race, async (scheduler, arena, race) => {
    const wrongs = await run(arena, scheduler, race)
    if (wrongs.length > 0) throw new Error(wrongs.join('\n'))
  })

test('auth, join and send at once, in any order and with anything lost: what is promised holds', () =>
  holds('the chat', 6_000, racing([arenaOf(chat, true), arenaOf(chat, false)])))

test('the same holds for machines that nobody has thought of', () => {
  const drawn = fc.sample(protocols, { seed: SEED, numRuns: 250 })
  return holds('250 machines', 5_000, racing(drawn.map((protocol, index) => arenaOf(protocol, index % 2 === 0))))
})

test('messages that find a delay at its end run one at a time, however long it takes to store that', () =>
  holds('the door', 2_000, racing([arenaOf(opening, true)], votes)))

test('whoever joins and leaves at once is a member in the state that permits it alone, in one write or in several', () =>
  holds('coming and going', 2_000, racing([arenaOf(chat, true), arenaOf(chat, false)], visits)))

for (const { what, shows, weakness } of weaknesses())
  test(`the races see ${what}`, async () => {
    const arena = arenaOf(chat, true, weakness)
    const blind = fc.asyncProperty(fc.scheduler(), races, async (scheduler, race) => {
      const wrongs = await run(arena, scheduler, race)
      return !wrongs.some((wrong) => shows.test(wrong))
    })
    assert.ok(await seen(what, 2_000, blind))
  })

test.run()
