import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { aftermathOf, type Report } from './kill/aftermath.ts'
import { nameOf, type Point, pointsOn } from './kill/points.ts'
import { bundle } from './kill/run.ts'
import { once, placesFor, pool } from './places.ts'
import { open } from './stores.ts'

const test = suite('kill -9 on real stores')

/** Processes at one time. */
const WIDTH = 4

const file = once(bundle)

const isMessage = ({ deed }: Point) => deed === 'vote' || deed === 'enter' || deed === 'exit'
const isAt =
  (...calls: readonly Point['call'][]) =>
  (point: Point) =>
    isMessage(point) && calls.includes(point.call)
const isCommit = (moment: Point['moment']) => (point: Point) => isAt('commit')(point) && point.moment === moment

/** Which points show what. Every point shows something. */
const CLAIMS: readonly (readonly [claim: string, shows: (point: Point) => boolean])[] = [
  [
    '44, 45. killed around its first read, a function leaves nothing behind: the next message runs at once',
    isAt('read'),
  ],
  [
    '46, 47. killed around its claim, it has not run: the next message waits for no longer than the claim',
    isAt('claim'),
  ],
  [
    '48. killed in its handler, or before its commit, it has changed nothing: the next message takes over at the deadline',
    (point) => isAt('handler')(point) || isCommit('before')(point) || (point.deed === 'exit' && point.call === 'leave'),
  ],
  [
    '49. killed with its commit on its way, that is stored or not, and its repetition is told which',
    isCommit('in flight'),
  ],
  [
    '50. killed after its commit, with its memberships and its output on their way, it is applied once',
    (point) => isCommit('after')(point) || isAt('output')(point) || isAt('join', 'release')(point),
  ],
  [
    '63. killed in the middle of a farewell, it leaves no membership to whoever looks after: a 410, the next farewell',
    ({ deed }) => deed === 'disconnect',
  ],
  [
    '67. killed in the middle of a handshake, it leaves nothing that a 410 does not take back',
    ({ deed }) => deed === 'connect',
  ],
]

for (const { name, run, place } of placesFor(test)) {
  const killed = once(async () => {
    const where = await place()
    const { store, end } = open(where)
    const setting = { file: await file(), place: where, store }
    const reports = await pool(pointsOn(where.kind), WIDTH, (point) => aftermathOf(setting, point))
    end()
    print(name, reports)
    return reports
  })

  for (const [claim, shows] of CLAIMS)
    run(`${name}: ${claim}`, async () => {
      const reports = (await killed()).filter(({ point }) => shows(point))
      assert.ok(reports.length > 0)
      assert.equal(
        reports.flatMap(({ wrongs }) => wrongs),
        [],
      )
    })

  run(`${name}: there are 36 such points at least, and each of them shows something`, async () => {
    const points = (await killed()).map(({ point }) => point)
    assert.ok(points.length >= 36)
    assert.equal(points.filter((point) => !CLAIMS.some(([, shows]) => shows(point))).map(nameOf), [])
  })

  run(`${name}: a claim that outlives its function does not pass`, async () => {
    const where = await place()
    const { store, end } = open(where)
    const [point] = pointsOn(where.kind).filter(({ call, moment }) => call === 'claim' && moment === 'after')
    assert.ok(point)
    const { wrongs } = await aftermathOf({ file: await file(), place: where, store, endless: true }, point)
    end()
    assert.ok(wrongs.includes("vote: claim after: when the claim was over the next message was told 'UNAVAILABLE'"))
  })
}

const print = (name: string, reports: readonly Report[]) => {
  const bad = reports.filter(({ wrongs }) => wrongs.length > 0).length
  const tell = (what: string, met: (report: Report) => string) =>
    `${what}: ${[...count(reports.map(met))].map(([code, times]) => `${times} ${code}`).join(', ')}`
  console.log(
    [
      `\n${name}: killed at ${reports.length} points, ${bad} bad`,
      tell('the next message', ({ next }) => next),
      tell('at the deadline', ({ later }) => later),
      tell('the same once more', ({ again }) => again),
    ].join('; '),
  )
}

const count = (words: readonly string[]) => {
  const counts = new Map<string, number>()
  for (const word of words) if (word) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

test.run()
