import type { Chance, Published, Refused } from './publisher.ts'

/** As the AWS SDK has it. */
export interface Until {
  readonly abortSignal?: AbortSignal
}

/** Send parcels in one request. Resolves with what is said of each, in the order given; rejects where nothing is said. */
export type Ask<Parcel> = (parcels: readonly Parcel[], until: Until) => Promise<readonly Published[]>

/**
 * Send parcels in one request, and send again what was throttled or failed on the service's side, that alone, a few times.
 * Never rejects: what is known at the end is said of each, in the order given.
 */
export const persist = async <Parcel>(
  ask: Ask<Parcel>,
  parcels: readonly Parcel[],
  { clock, random, signal }: Chance,
): Promise<readonly Published[]> => {
  const until: Until = signal ? { abortSignal: signal } : {}
  const over = clock.now() + PATIENCE_MS
  const published: Published[] = []
  let left = parcels.map((parcel, place) => ({ parcel, place }))
  for (let attempt = 0; ; attempt++) {
    const answers = await hear(ask, left, until)
    const again = left.filter(({ place }, index) => {
      const answer = answers[index] ?? UNHEARD
      published[place] = answer
      return !answer.ok && answer.isPassing
    })
    if (again.length === 0 || attempt === RETRIES || clock.now() >= over || signal?.aborted) return published
    await pause(clock.wait(Math.round(WAIT_MS * 2 ** attempt * random())), signal)
    if (signal?.aborted) return published
    left = again
  }
}

/** A request that nothing is said to has failed for all that it carried. */
const hear = async <Parcel>(
  ask: Ask<Parcel>,
  sent: readonly { readonly parcel: Parcel }[],
  until: Until,
): Promise<readonly Published[]> => {
  const parcels = sent.map(({ parcel }) => parcel)
  try {
    return await ask(parcels, until)
  } catch (error) {
    const failure = failureOf(error)
    // It was the time that ran out, and not the service that refused.
    const isPassing = failure.isPassing || until.abortSignal?.aborted === true
    return parcels.map(() => ({ ...failure, isPassing }))
  }
}

const failureOf = (error: unknown): Refused & { readonly isPassing: boolean } => {
  const { name, code, message, cause, $metadata, $fault, $retryable } = Object(error)
  const status = Object($metadata).httpStatusCode
  // `fetch` tells of the network in the cause.
  const broken = [code, Object(cause).code].find((each) => typeof each === 'string')
  // An error of the service has its code for a name. That of a socket is called `Error`.
  const called = $fault === undefined && broken !== undefined ? broken : name
  const isThrottled = $retryable !== undefined || isThrottling(called) || status === 429
  const isBroken = status === undefined && (called === 'TimeoutError' || BROKEN.test(broken ?? ''))
  return {
    ok: false,
    code: `${called ?? 'Unknown'}`,
    message: `${message ?? error}`,
    isPassing: isThrottled || status >= 500 || isBroken,
  }
}

/** Whether a code says that there was too much at a time. */
export const isThrottling = (code: unknown): boolean =>
  /throttl|TooManyRequests|LimitExceeded|SlowDown/i.test(`${code}`)

/** ECONNRESET, EAI_AGAIN and their like, and those of `fetch`; not ERR_INVALID_URL and its like, which come again. */
const BROKEN = /^(E(?!RR_)[A-Z_]+|UND_ERR_\w+)$/

/** Be woken by the end of the time that there is. */
const pause = async (wait: Promise<void>, signal: AbortSignal | undefined) => {
  if (!signal) return wait
  let wake = () => {}
  const woken = new Promise<void>((resolve) => {
    wake = resolve
  })
  signal.addEventListener('abort', wake)
  if (!signal.aborted) await Promise.race([wait, woken])
  signal.removeEventListener('abort', wake)
}

const UNHEARD: Refused = {
  ok: false,
  code: 'NoAnswer',
  message: 'The service did not say what became of it.',
  isPassing: false,
}

/** After up to 100, 200, 400 and 800 ms: a throttle of a second is sat out, and a peer does not wait for much longer. */
const RETRIES = 4
const WAIT_MS = 100
/** No attempt begins later, however long the others took. */
const PATIENCE_MS = 4_000
