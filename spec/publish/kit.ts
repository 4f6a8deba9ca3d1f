import type { Chance, CloudEvent, Origin } from '../../lib/publish/publisher.ts'

/** Time that passes at once, and is noted. */
export const chance = (signal?: AbortSignal) => {
  const waits: number[] = []
  let now = 1_700_000_000_000
  const given: Chance = {
    clock: {
      now: () => now,
      wait: async (ms) => {
        waits.push(ms)
        now += ms
      },
    },
    random: () => 1,
    ...(signal && { signal }),
  }
  return { ...given, waits }
}

export const event: CloudEvent = {
  specversion: '1.0',
  id: 'event-1',
  source: 'ws-interlock/a1b2c3d4e5/prod',
  type: 'order',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  data: { sku: 'tea', note: 'grüße 😀 \uffff' },
  connectionid: 'JKq5AfX9DoECIxg=',
  messageid: 'm1',
  requestid: 'JKq5BGpSjoEFWzQ=',
  correlation: 'WzEsImMi',
}

export const origin: Origin = {
  id: 'event-1',
  connectionId: 'JKq5AfX9DoECIxg=',
  messageId: 'm1',
  requestId: 'JKq5BGpSjoEFWzQ=',
  correlation: 'WzEsImMi',
}

/** Run in an invocation of Lambda that is part of a trace of X-Ray. */
export const underTrace = async <Made>(trace: string | undefined, run: () => Promise<Made>): Promise<Made> => {
  const { _X_AMZN_TRACE_ID: before } = process.env
  put(trace)
  try {
    return await run()
  } finally {
    put(before)
  }
}

const put = (trace: string | undefined) => {
  if (trace === undefined) delete process.env._X_AMZN_TRACE_ID
  else process.env._X_AMZN_TRACE_ID = trace
}

/** What a function throws. */
export const thrown = (run: () => unknown): Error => {
  try {
    run()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('It threw nothing.')
}
