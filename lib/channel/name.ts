import { InvalidArgumentError } from '../errors.ts'

/** Refuse a name that some store would change or mistake. Names often come from peers, so the peer is told. */
export const channelName = (name: unknown): string => named(name, 'The name of a channel')

/** The same for the id of a user: it becomes the name of a channel. */
export const userName = (id: unknown): string => named(id, 'The id of a user')

const named = (name: unknown, what: string): string => {
  if (
    typeof name !== 'string' ||
    name.length === 0 ||
    name.length > MAX_LENGTH ||
    !name.isWellFormed() ||
    CONTROL.test(name)
  )
    throw new InvalidArgumentError(`${what} is 1 to ${MAX_LENGTH} characters, none of them a control character.`)
  return name
}

/** With its encoding, well within DynamoDB's 1,024 bytes of a sort key. */
const MAX_LENGTH = 128
const CONTROL = /\p{Cc}/u
