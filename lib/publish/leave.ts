import { InternalError, UnavailableError, WsError } from '../errors.ts'
import { need } from '../mistakes.ts'
import { cloudEventOf } from './cloud-event.ts'
import { PublishError, type PublishFailure } from './failure.ts'
import type { Call, Leaving, Taken } from './leaving.ts'
import { originOf } from './origin.ts'
import type { Published, Refused } from './publisher.ts'

/** Take down the entries of a call, checked, so that what cannot be published fails here and not among others. */
export const take = <Entry>(
  { publisher, whose }: Leaving<Entry>,
  call: Call<Entry>,
  type: string,
  entries: readonly Entry[],
): readonly Taken<Entry>[] => {
  call.taken = entries.map((given, at) => {
    const origin = originOf(whose, call, at, type)
    const entry = fit(type, () => {
      need(isObject(given), 'An entry, which is an object,', 'what was made of it')
      const marked = publisher.mark(given, origin)
      publisher.check(marked)
      return marked
    })
    return { id: origin.id, entry }
  })
  return call.taken
}

const isObject = (given: unknown) => typeof given === 'object' && given !== null && !Array.isArray(given)

/** The event that something published is, and where it comes of. */
export const eventOf = <Entry>({ whose }: Leaving<Entry>, call: Call<Entry>, type: string, data: unknown) => {
  need(typeof type === 'string' && type !== '', 'The type of the event, a text,', 'publish(type, data)')
  return cloudEventOf(whose, type, data, originOf(whose, call, 0, type))
}

/** What is thrown over an entry, with the name of what it was made of. */
export const fit = <Made>(type: string, make: () => Made): Made => {
  try {
    return make()
  } catch (error) {
    // A size is the peer's business as well, and says it all.
    if (error instanceof WsError) throw error
    throw new TypeError(`'${type}' cannot be published. ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Publish what was taken down, tell those who wait for it, and reject with what failed. */
export const leave = async <Entry>(leaving: Leaving<Entry>): Promise<void> => {
  const { calls } = leaving
  const taken = calls.flatMap((call) => call.taken)
  if (taken.length === 0) return
  const { outcomes, cause } = await outcomesOf(leaving, taken)
  const failures: PublishFailure[] = taken.flatMap(({ id }, at) => {
    const outcome = outcomes[at] ?? UNKNOWN
    if (outcome.ok) return []
    const { code, message, isPassing = false } = outcome
    return [{ id, code, message, isPassing }]
  })
  let first = 0
  const unsaid: unknown[] = []
  for (const call of calls) {
    call.outcomes = outcomes.slice(first, first + call.taken.length)
    first += call.taken.length
    await call.told?.(call.outcomes).catch((error) => unsaid.push(error))
  }
  if (failures.length > 0) throw new PublishError(failures, taken.length, cause)
  for (const error of unsaid) throw error
}

/**
 * What the peer of a message hears of it that has not changed anything yet. Clients send again what is unavailable, and with
 * it all that was taken: that is for what may be taken in the end, and for nothing else.
 */
export const sorry = (cause: unknown): never => {
  if (!(cause instanceof PublishError)) throw cause
  if (cause.failures.some(({ isPassing }) => !isPassing))
    throw new InternalError('What this message was to publish was not taken, and would not be later.', { cause })
  throw new UnavailableError('What this message was to publish was not taken. Send it again later, with the same id.', {
    cause,
  })
}

/** What became of each entry; of a publisher that says nothing of them, that nobody knows. */
const outcomesOf = async <Entry>({ publisher, whose }: Leaving<Entry>, taken: readonly Taken<Entry>[]) => {
  const { clock, random } = whose.plan
  const chance = { clock, random, signal: whose.received.lifetime.signal }
  try {
    const said: unknown = await publisher.publish(
      taken.map(({ entry }) => entry),
      chance,
    )
    const all: readonly unknown[] = Array.isArray(said) ? said : []
    return { outcomes: taken.map((_, at) => outcomeOf(all[at])), cause: undefined }
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    return { outcomes: taken.map((): Refused => ({ ok: false, code: 'FAILED', message })), cause }
  }
}

const outcomeOf = (said: unknown): Published => {
  const { ok, id, code, message, isPassing } = Object(said)
  if (ok === true && typeof id === 'string') return { ok, id }
  return ok === false ? { ok, code: String(code), message: String(message), isPassing: isPassing === true } : UNKNOWN
}

const UNKNOWN: Refused = { ok: false, code: 'NO_OUTCOME', message: 'The publisher did not say what became of it.' }
