import type { Link } from './link.ts'

/** A message that wants an answer. */
export interface Request {
  readonly name: string
  readonly data: unknown
  readonly id: string
  readonly lane: Lane
  /** A step on the way to the answer has come. */
  readonly step: (progress: unknown) => void
  /** Be through with it, unless that has happened. */
  readonly end: (settle: () => void) => void
  readonly resolve: (data: unknown) => void
  readonly reject: (error: unknown) => void
  /** On which connection it is on its way. */
  link?: Link | undefined
  /** The session in which it was sent last, where it was. */
  session?: number
  /** How many messages that count came before it in that session. */
  dep?: number | undefined
  /** It was on its way on a connection that was lost, and is sent again on another one. */
  isMoved?: true
  /** The timer after which it is sent again, and how often that was. */
  wake?: unknown
  tries?: number
}

/** Messages in a row: those of the user, or those that make one connection ready and look after it. */
export interface Lane {
  /** Those of one connection, which end with it. */
  readonly isOwn: boolean
  link: Link | undefined
  /** Nothing leaves for now. */
  isHeld?: boolean
  /** Nothing will leave any more. */
  isOver?: boolean
  readonly queue: Request[]
  flying: number
  /** How many of those on their way may change the state. */
  changing: number
}

export const makeLane = (link?: Link): Lane => ({ isOwn: !!link, link, queue: [], flying: 0, changing: 0 })
