/** Counts of what came of a broadcast. */
export interface Sent {
  /** Connections that API Gateway took the message for. */
  readonly delivered: number
  /** Connections that were no longer there. They are members no more. */
  readonly gone: number
  /** Connections that could not be reached: throttled, refused, or the outcome is unknown. */
  readonly failed: number
}

/** Deliver one frame. `false` when nobody is there; rejects when the outcome is another one. */
export type Deliver = (connectionId: string) => Promise<boolean>

/**
 * Send to many, so many at a time. Whoever is slow or gone holds up its own place and nobody else's.
 *
 * Counts what became of each; a failure is one connection's, and is told to `onFailure`.
 */
export const broadcast = async (
  members: AsyncIterable<string>,
  except: ReadonlySet<string>,
  deliver: Deliver,
  onFailure: (error: unknown) => void,
): Promise<Sent> => {
  const sent = { delivered: 0, gone: 0, failed: 0 }
  const flying = new Set<Promise<void>>()
  const fly = async (connectionId: string) => {
    try {
      if (await deliver(connectionId)) sent.delivered++
      else sent.gone++
    } catch (error) {
      sent.failed++
      onFailure(error)
    }
  }
  for await (const connectionId of members) {
    if (except.has(connectionId)) continue
    const flight: Promise<void> = fly(connectionId).finally(() => flying.delete(flight))
    flying.add(flight)
    if (flying.size >= IN_FLIGHT) await Promise.race(flying)
  }
  await Promise.all(flying)
  return sent
}

/** As many as the management client keeps sockets; more only queue. */
const IN_FLIGHT = 50
