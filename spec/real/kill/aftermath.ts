import type { Store } from 'ws-interlock'
import { makeId } from 'ws-interlock/testing'
import { committed } from '../committed.ts'
import type { Place } from '../stores.ts'
import { hallOf, roomOf } from './app.ts'
import { type Look, lambda, look, type Told } from './lambda.ts'
import { type Deed, type Maybe, nameOf, type Point } from './points.ts'
import { type Death, run } from './run.ts'

/** What came of a function that was killed at a point. */
export interface Report {
  readonly point: Point
  /** What should not be, as sentences. */
  readonly wrongs: readonly string[]
  /** What the next message was told at once, and when the claim was over. And a repetition of the killed one. */
  readonly next: string
  readonly later: string
  readonly again: string
}

interface Setting {
  /** The child, bundled. */
  readonly file: string
  readonly place: Place
  readonly store: Store
  readonly endless?: boolean
}

/** Kill a function, and let others go on where it was. */
export const aftermathOf = async (setting: Setting, point: Point): Promise<Report> => {
  const { file, place, store, endless = false } = setting
  const connectionId = makeId()
  const wrongs: string[] = []
  const must = (holds: boolean, wrong: string) => {
    if (!holds) wrongs.push(`${nameOf(point)}: ${wrong}`)
  }
  await prepare(store, connectionId, point.deed)
  const death = await run(file, { place, point, connectionId, lifeMs: LIFE_MS, endless })
  const scene: Scene = { store, connectionId, point, death, nowMs: Date.now(), must }
  const first = await look(store, connectionId)
  checkDeath(scene)
  checkState(scene, first)
  const told = isMessage(point.deed) ? await goOn(scene, first) : await speak(scene, first)
  await bury(scene)
  return { point, wrongs, ...told }
}

interface Scene {
  readonly store: Store
  readonly connectionId: string
  readonly point: Point
  readonly death: Death
  /** When it was found dead. */
  readonly nowMs: number
  readonly must: (holds: boolean, wrong: string) => void
}

const LIFE_MS = 10_000
/** Clocks of two hosts are taken to agree within this; a claim lasts so much longer than its function. */
const SKEW_MS = 2_000
/** Until then a 410 may mean that the handshake is still on its way back. */
const CONNECTED_MS = 30_000

const isMessage = (deed: Deed) => deed === 'vote' || deed === 'enter' || deed === 'exit'
const isCommitted = ({ record }: Look) => record !== undefined && committed(record).some(({ id }) => id === 'killed')
const agrees = (maybe: Maybe, is: boolean) => maybe === 'perhaps' || (maybe === 'yes') === is

/** Where the deed begins. */
const prepare = async (store: Store, connectionId: string, deed: Deed) => {
  if (deed === 'connect') return
  const { connect, say } = lambda(store, connectionId, Date.now())
  const inside = deed === 'exit' || deed === 'disconnect'
  const codes = [await connect(), (await say('auth', 'a')).code, inside ? (await say('enter', 'e')).code : 'OK']
  if (String(codes) !== '200,OK,OK') throw new Error(`The connection could not be prepared: ${codes}.`)
}

const checkDeath = ({ point, death: { killed, ran, lines }, must }: Scene) => {
  must(killed, `it was not killed there, but told ${JSON.stringify(lines)}`)
  must(ran.length > 0 === point.ran, `it began the handlers [${ran}]`)
  must(!lines.includes('posts'), 'something left before it died')
}

/** What is stored is what the point says, and nobody is a member whom the state does not permit. */
const checkState = ({ store, connectionId, point, must }: Scene, seen: Look) => {
  const { record, inRoom, inHall, channels } = seen
  const { deed, stored, claimed } = point
  const done = deed === 'disconnect' ? record?.closed !== undefined : deed === 'connect' ? !!record : isCommitted(seen)
  must(agrees(stored, done), `what it was for is ${done ? '' : 'not '}stored`)
  must(agrees(claimed, record?.claim !== undefined), `it left ${record?.claim ? 'a' : 'no'} claim`)
  must(
    !inHall || (record !== undefined && channels.includes(hallOf(connectionId))),
    'nothing leads to the hall it is in',
  )
  must(!inRoom || channels.includes(roomOf(connectionId)), 'nothing leads to the room it is in')
  if (!record?.state) return
  const was = deed === 'connect' ? 'anonymous' : deed === 'exit' || deed === 'disconnect' ? 'inside' : 'known'
  const value = done && deed === 'enter' ? 'inside' : done && deed === 'exit' ? 'known' : was
  must(record.state.value === value, `the state is '${record.state.value}' instead of '${value}'`)
  const votes = done && deed === 'vote' ? 1 : 0
  must(votesIn(seen) === votes, `${votesIn(seen)} votes are counted instead of ${votes}`)
  checkMember(store, seen, must)
}

const checkMember = (store: Store, { record, inRoom }: Look, must: Scene['must'], exact = false) => {
  if (record?.closed) return
  const inside = record?.state?.value === 'inside'
  must(!inRoom || inside, 'it is in the room, which its state does not permit')
  // A store that commits memberships with the state loses none.
  if (store.commit || exact) must(inRoom || !inside, 'it is not in the room, where its state has it')
}

const votesIn = ({ record }: Look) => Object(record?.state?.context).votes

/** The next messages, now and when the claim is over; then the killed one once more, under its id. */
const goOn = async (scene: Scene, first: Look) => {
  const { store, connectionId, point, nowMs, must } = scene
  const next = await lambda(store, connectionId, nowMs).say('vote', 'next')
  must(next.code === 'OK' || next.code === 'UNAVAILABLE', `the next message was told '${next.code}'`)
  must(agrees(point.claimed, next.code === 'UNAVAILABLE'), `the next message was told '${next.code}'`)
  checkRan(scene, next)
  if (point.claimed === 'yes')
    must(next.retryAfterMs === (first.record?.claim?.deadline ?? 0) - nowMs, `it was told to wait ${next.retryAfterMs}`)

  // A write that was on its way may land after the look: its claim ends no later than this.
  const latestMs = nowMs + LIFE_MS + SKEW_MS
  const freeMs = point.claimed === 'perhaps' ? latestMs : Math.min(first.record?.claim?.deadline ?? nowMs, latestMs)
  const successor = lambda(store, connectionId, freeMs)
  const later = await successor.say('vote', 'later')
  must(later.code === 'OK', `when the claim was over the next message was told '${later.code}'`)
  checkRan(scene, later)

  // Whatever was on its way is fenced by now.
  const stored = isCommitted(await look(store, connectionId))
  const again = await successor.say(point.deed, 'killed')
  const expected = stored ? 'ALREADY_EXISTS' : 'OK'
  must(again.code === expected, `its repetition was told '${again.code}' instead of '${expected}'`)
  checkRan(scene, again)

  const last = await look(store, connectionId)
  const { deed } = point
  must(last.record?.state?.value === (deed === 'enter' ? 'inside' : 'known'), 'the state is another one at last')
  const votes = [next.code === 'OK', later.code === 'OK', deed === 'vote'].filter(Boolean).length
  must(votesIn(last) === votes, `${votesIn(last)} votes are counted at last instead of ${votes}`)
  must(isCommitted(last) && last.record?.claim === undefined, 'it is not committed at last, or the claim is left')
  checkMember(store, last, must, again.code === 'OK')
  return { next: next.code, later: later.code, again: again.code }
}

const checkRan = ({ must }: Scene, { code, ran }: Told) =>
  must(ran === (code === 'OK'), `its handler ${ran ? 'ran' : 'did not run'}, and it was told '${code}'`)

/** After a handshake or a farewell: a message, which finds the connection or does not. */
const speak = async (scene: Scene, { record }: Look) => {
  const { store, connectionId, point, nowMs, must } = scene
  const next = await lambda(store, connectionId, nowMs).say(point.deed === 'connect' ? 'auth' : 'vote', 'next')
  const open = record !== undefined && record.closed === undefined
  must(point.stored === 'perhaps' || next.code === (open ? 'OK' : 'gone'), `the next message was told '${next.code}'`)
  must(next.code === 'OK' || next.code === 'gone', `the next message was told '${next.code}'`)
  checkRan(scene, next)
  if (point.deed === 'connect') must((await lambda(store, makeId(), nowMs).connect()) === 200, 'no peer is let in')

  // Whoever sends to it takes back what it left.
  const channel = point.deed === 'connect' ? hallOf(connectionId) : roomOf(connectionId)
  const before = await look(store, connectionId)
  await lambda(store, connectionId, nowMs + CONNECTED_MS + 1).meetNobody(channel)
  const after = await look(store, connectionId)
  if (before.inHall && channel === hallOf(connectionId)) must(!after.inHall, 'it is in the hall after a 410')
  if (before.inRoom && channel === roomOf(connectionId)) must(!after.inRoom, 'it is in the room after a 410')
  return { next: next.code, later: '', again: '' }
}

/** A `$disconnect` closes it for good. */
const bury = async ({ store, connectionId, point, nowMs, must }: Scene) => {
  const atMs = nowMs + LIFE_MS + SKEW_MS
  const before = (await look(store, connectionId)).record?.closed?.by === 'disconnect'
  const ran = await lambda(store, connectionId, atMs).disconnect()
  must(ran !== before, `its farewell ran ${before ? 'twice' : 'never'}`)
  const { record, channels, inHall, inRoom } = await look(store, connectionId)
  must(record?.closed?.by === 'disconnect' || (point.deed === 'connect' && !record), 'it is not closed')
  must(record?.claim === undefined, 'its claim outlives it')
  must(channels.length === 0 && !inHall && !inRoom, `after its end it is in [${channels}]`)
  const late = await lambda(store, connectionId, atMs + 60_000).say('vote', 'late')
  must(late.code === 'gone' && !late.ran, `after its end a message was told '${late.code}'`)
}
