import type { Store } from 'ws-interlock'
import { initialTransition, transition } from 'xstate'
import type { ConnectionRecord } from '../../../lib/store/store.ts'
import { committed } from '../committed.ts'
import { isShared, machine, roomOf } from './app.ts'
import type { Attempt, Course } from './witness.ts'

/** Say what is wrong with a connection that is at rest: by its handlers, its answers and what is stored. */
export const judge = async (store: Store, course: Course): Promise<readonly string[]> => {
  const { id, attempts } = course
  const record = await store.records.read(id)
  if (!record) return [`${id}: its record is lost`]
  const wrongs = [...course.wrongs]
  const rows = committed(record)
  const path = pathOf(record, attempts, wrongs)
  for (const attempt of attempts) {
    const row = rows.findIndex(({ token }) => token.startsWith(attempt.token))
    const wrong = untruth({ attempt, record, path, committedAt: row < 0 ? undefined : row })
    if (wrong) wrongs.push(`'${attempt.name}' ${wrong}`)
  }
  if (record.claim) wrongs.push('a claim is left')
  wrongs.push(...(await strays(store, course, record)))
  return wrongs.map((wrong) => `${id}: ${wrong}`)
}

/** Memberships that the state does not permit, or that are lost. */
const strays = async ({ memberships, commit }: Store, { id, attempts }: Course, record: ConnectionRecord) => {
  const where = record.closed ? 'after its end' : `in '${record.state?.value}'`
  const permitted = where === "in 'joined'"
  const inRoom = await memberships.has(id, roomOf(id))
  const channels = await memberships.channels(id)
  if (inRoom !== channels.includes(roomOf(id)))
    return [`its room does not agree with its channels, ${channels}, ${where}`]
  if (inRoom === permitted) return []
  if (inRoom) return [`it is in the room ${where}`]
  // Where both cannot be stored at once, a message that leaves and then is overtaken has left all the same: nobody is a
  // member too long, and a frame may be lost.
  const lost = attempts.some(({ name, told }) => name === 'leave' && told[0] === 'ABORTED')
  return !commit && lost ? [] : [`it is not in the room ${where}`]
}

/** One state after the other, as XState itself goes through what is stored as committed. */
const pathOf = (record: ConnectionRecord, attempts: readonly Attempt[], wrongs: string[]) => {
  let [snapshot] = initialTransition(machine)
  const path = [snapshot]
  const seen = new Set<string>()
  for (const { id, token } of committed(record)) {
    const attempt = attempts.find((one) => token.startsWith(one.token))
    if (!attempt || attempt.id !== id) {
      wrongs.push(`somebody committed '${id}'`)
      continue
    }
    const event = { type: attempt.name }
    if (seen.has(id)) wrongs.push(`'${id}' was applied twice`)
    seen.add(id)
    if (!snapshot.can(event)) wrongs.push(`'${attempt.name}' was committed in '${snapshot.value}'`)
    ;[snapshot] = transition(machine, snapshot, event)
    path.push(snapshot)
  }
  if (snapshot.value !== record.state?.value)
    wrongs.push(`'${record.state?.value}' is stored, where its messages lead to '${snapshot.value}'`)
  return path
}

type Path = ReturnType<typeof pathOf>

interface Told {
  readonly attempt: Attempt
  readonly record: ConnectionRecord
  readonly path: Path
  /** Its place among what was committed. */
  readonly committedAt: number | undefined
}

/** What is not true of what an attempt did and told. */
const untruth = (told: Told): string | undefined => {
  const { attempt, path, committedAt } = told
  const { name, began, pushed, late } = attempt
  const [code = 'nothing', ...more] = attempt.told
  if (more.length > 0) return `was answered ${more.length + 1} times`
  if (late && code !== 'gone') return `was told '${code}' after the end`
  if (began !== undefined && !path.some(({ value }) => value === began)) return `ran in '${began}', where it never was`
  if (began !== undefined && !path.some((point) => point.value === began && point.can({ type: name })))
    return `ran in '${began}', which does not allow it`
  if (committedAt !== undefined && path[committedAt]?.value !== began)
    return `ran in '${began}' and not where it committed`
  if (committedAt === undefined && pushed > 0) return 'pushed what it did not commit'
  if (committedAt !== undefined && code !== 'OK') return `committed, and was told '${code}'`
  return TRUE[code]?.(told) ? undefined : `was told '${code}', which is not true`
}

const TRUE: Readonly<Record<string, (told: Told) => boolean>> = {
  OK: ({ attempt: { name, began }, committedAt }) =>
    began !== undefined && (isShared(name) || committedAt !== undefined),
  PERMISSION_DENIED: ({ attempt: { name, began } }) => name === 'fail' && began !== undefined,
  FAILED_PRECONDITION: ({ attempt: { name, began }, path }) =>
    began === undefined && path.some((point) => !point.can({ type: name })),
  /** Nothing ran. */
  UNAVAILABLE: ({ attempt: { began } }) => began === undefined,
  /** Others came between: the end, or whoever took over from a function that was frozen. */
  ABORTED: ({ attempt: { began, dead }, record }) => began !== undefined && (dead || record.closed !== undefined),
  ALREADY_EXISTS: ({ attempt: { id }, record }) => committed(record).some((row) => row.id === id),
  gone: ({ attempt: { began }, record }) => began === undefined && record.closed !== undefined,
}
