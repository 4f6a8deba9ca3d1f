import type { Inside } from '../inside.ts'

/** What is stored of a connection, as far as it tells where it stands. */
export interface Shown {
  readonly value?: unknown
  readonly context?: unknown
  /** Deadlines that run, in epoch milliseconds. */
  readonly due?: readonly { readonly event: string; readonly at: number }[]
}

/** Read the record of a connection; empty where nothing is stored of it. */
export const recordOf = async (inside: Inside | undefined, connectionId: string): Promise<Shown> => {
  const { state, due } = (await inside?.ports?.records.read(connectionId)) ?? {}
  return {
    ...(state && { value: state.value, context: state.context }),
    ...(due && { due: due.map(({ event, at }) => ({ event, at })) }),
  }
}
