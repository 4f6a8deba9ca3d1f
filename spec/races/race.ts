import type { Scheduler } from 'fast-check'
import { type Arena, type Connection, connectionIn, FAREWELL, frame, ID, NOTHING, START_MS, seenOf } from './arena.ts'
import type { Move, Race } from './draw.ts'
import { type Course, turn } from './invocation.ts'
import type { Protocol } from './protocols.ts'
import type { Asked, Seen } from './witness.ts'

/** Run a race and what comes after it. Resolves with what was wrong. */
export const run = async (arena: Arena, scheduler: Scheduler, race: Race): Promise<readonly string[]> => {
  const { protocol } = arena
  const course: Course = { scheduler, nowMs: START_MS, mortal: race.mortal }
  const connection = await connectionIn(arena, course, race.prelude)
  const { witness } = connection
  course.nowMs += CONNECTED_MS

  const entries = entriesOf(protocol, race.moves)
  for (const [index, entry] of entries.entries()) void enter(connection, course, index + 1, entry)
  for (const ms of race.pauses) void pause(course, ms)
  await drained()
  while (scheduler.count() > 0) {
    void scheduler.waitOne()
    await drained()
  }
  witness.rest(entries.map(({ seen }) => seen))

  // Whatever was claimed is free by now.
  course.nowMs += PAST_EVERY_CLAIM_MS
  if (race.goesOn && !witness.record?.closed) await goOn(connection, protocol)
  else await part(connection, protocol)
  return witness.wrongs
}

interface Entry {
  readonly does: Move['does']
  readonly seen: Seen
}

/** Somebody comes when fast-check says so, and does what was drawn. */
const enter = async (connection: Connection, course: Course, index: number, { does, seen }: Entry): Promise<void> => {
  await turn(course, seen, 'arrives')
  if (does === 'vanish' || does === 'disconnect') connection.witness.gone = true
  if (does === 'message') await connection.send(index, seen, frame(seen.asked))
  if (does === 'disconnect') await connection.send(index, seen, FAREWELL)
  if (does === 'dispatch') {
    const { dispatch } = connection.enter(index, seen).server.connection(ID)
    await dispatch({ type: seen.asked.type }).catch(() => {}) // A refusal is an answer too.
  }
  seen.over = true
}

const pause = async (course: Course, ms: number): Promise<void> => {
  await course.scheduler.schedule(READY, `${ms} ms pass`)
  course.nowMs += ms
}

/** When nobody else is about, what the machine allows is done, and nobody is told to come back. */
const goOn = async ({ witness, calmly }: Connection, { names }: Protocol): Promise<void> => {
  const { now, gone, record } = witness
  const type = names.find((name) => now.can(name)) ?? names[0] ?? ''
  const delays = (record?.due ?? []).length > 0
  const { told } = await calmly({ ...NOTHING, type, id: 'fresh' })
  const [code] = told
  const well = code === 'OK' || ((!now.can(type) || delays) && code !== 'UNAVAILABLE')
  if (!well && !gone) witness.wrongs.push(`After the race '${type}' was told '${code}' in ${now.text}.`)
}

/** Nothing is left of a connection after its end, and nothing brings it back. */
const part = async ({ witness, calmly }: Connection, { names }: Protocol): Promise<void> => {
  witness.gone = true
  await calmly(NOTHING, FAREWELL)
  if (!witness.record?.closed) witness.wrongs.push('The connection did not end.')
  if (witness.members.size > 0) witness.wrongs.push(`After the end it is in ${[...witness.members]}.`)
  const late = await calmly({ ...NOTHING, type: names[0] ?? '', id: 'late' })
  if (late.began) witness.wrongs.push('A handler ran after the end.')
}

const entriesOf = ({ names, internal }: Protocol, moves: readonly Move[]): Entry[] => {
  const said: Asked[] = []
  return moves.map((move, index) => {
    const { does, event, fails, raises, id } = move
    const list = does === 'dispatch' ? internal : names
    const own = { type: list[event % list.length] ?? '', id: `m${index}`, fails, raises }
    if (does !== 'message') {
      const kind = does === 'dispatch' ? does : 'farewell'
      return { does, seen: seenOf(`${index} ${does}`, kind, { ...own, id: '' }, move) }
    }
    const earlier = said[event % said.length]
    const again = earlier && id === 'again' ? earlier : undefined
    const asked = again ?? (earlier && id === 'taken' ? { ...own, id: earlier.id } : own)
    said.push(asked)
    return { does, seen: seenOf(`${index} ${asked.type}`, 'message', asked, move) }
  })
}

/** Until everybody waits for a turn: Node runs what is due next only when no promise has anything left to do. */
const drained = () => new Promise<void>((resolve) => process.nextTick(resolve))

const READY = Promise.resolve()
/** A handshake can take 29 seconds, and until then posts meet a 410 that means nothing. */
const CONNECTED_MS = 30_000
/** A claim lasts as long as its function can live, and two seconds, by clocks that differ by two more. */
const PAST_EVERY_CLAIM_MS = 40_000
