import type { Seen, Witness } from './witness.ts'

interface Frame {
  readonly id?: string
  readonly event?: string
  readonly error?: { readonly code: string }
}

/** The code of an answer; nothing for a frame that is none. */
export const answerIn = (frame: unknown): string | undefined => {
  const { id, error } = Object(frame) as Frame
  return id === undefined ? undefined : (error?.code ?? 'OK')
}

/** What is not true of a frame that leaves for the peer, as things stand. */
export const untruth = (witness: Witness, seen: Seen, frame: unknown): string | undefined => {
  const code = answerIn(frame)
  if (code !== undefined) {
    const check = CHECKS[code]
    if (seen.kind !== 'message') return `answered '${code}' to nobody's message`
    if (!check) return `was told '${code}', which nothing here can mean`
    if (code !== 'OK' && code !== 'UNKNOWN' && seen.committed) return `was told '${code}', and its commit is stored`
    return check(witness, seen) ? undefined : `was told '${code}', which is not true`
  }
  const { event } = Object(frame) as Frame
  if (event === 'said') return seen.exclusive && !seen.committed ? 'pushed what was not committed' : undefined
  // $bye, and the end.
  const { record, now } = witness
  return now.done || record?.closed ? undefined : `parted from its peer in ${now.text}`
}

const CHECKS: Readonly<Record<string, (witness: Witness, seen: Seen) => boolean>> = {
  OK: (_, { ended, exclusive, raised, committed }) =>
    ended === 'well' && (committed || !(exclusive || raised.length > 0)),
  FAILED_PRECONDITION: ({ committed }, { began, since, asked }) =>
    !began && committed.slice(since).some((point) => !point.can(asked.type)),
  /** Before its handler, or when what that raised came too late. */
  DEADLINE_EXCEEDED: ({ now }, { began, raised }) => now.done && (!began || raised.length > 0),
  /** Nothing ran. */
  UNAVAILABLE: (_, { began }) => !began,
  ALREADY_EXISTS: ({ applied }, { asked }) =>
    applied.some((other) => other.asked.id === asked.id && same(other, asked)),
  INVALID_ARGUMENT: ({ applied }, { asked }) =>
    applied.some((other) => other.asked.id === asked.id && !same(other, asked)),
  /** What the handler threw. */
  PERMISSION_DENIED: (_, { asked, ended }) => asked.fails && ended === 'badly',
  /** It raised what was not allowed, or its membership could not be stored. */
  INTERNAL: (_, { began, asked, fault }) => began !== undefined && (asked.raises || fault !== undefined),
  /** Nothing of it was kept, because others came between. */
  ABORTED: (_, { began }) => began !== undefined,
  /** Nobody knows. It takes a store that does not answer for that. */
  UNKNOWN: (_, { began, fault }) => began !== undefined && fault !== undefined,
}

const same = ({ asked }: Seen, { type, fails, raises }: Seen['asked']): boolean =>
  asked.type === type && asked.fails === fails && asked.raises === raises
