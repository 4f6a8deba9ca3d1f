import type { Killed } from '../client/killing.ts'
import { bundle } from '../kit/bundle.ts'
import type { Latency } from './client-latency.ts'
import type { Rollover } from './client-rollover.ts'

export interface ClientFigure {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly limit?: number
  readonly atLeast?: number
}

/** Runs a program of this folder in a process of its own, from a bundle; what it prints is what was measured. */
type Measure = <Measured>(name: string, program: string) => Promise<Measured>

/** What the client takes of a page: KiB, minified and gzipped. */
export const clientSizes = async (): Promise<readonly ClientFigure[]> => {
  const whole = await bundle(programOf('ws-interlock/client', 'connect'))
  const mirror = await bundle(programOf('../../lib/client/mirror.ts', 'mirror'))
  const figures: ClientFigure[] = [
    { what: 'the client: what is loaded at the start', value: whole.startKiB, unit: 'KiB', limit: 4 },
    { what: 'the client: with all that it loads later', value: whole.wholeKiB, unit: 'KiB' },
    { what: 'the mirror alone, of which it loads what it has not', value: mirror.wholeKiB, unit: 'KiB' },
  ]
  for (const codec of ['flat', 'jsonRpc', 'binary', 'deflate', 'chunk']) {
    const { wholeKiB } = await bundle(programOf('ws-interlock/client/codec', codec))
    figures.push({ what: `the codec ${codec}() alone`, value: wholeKiB, unit: 'KiB' })
  }
  return figures
}

const programOf = (from: string, name: string) => `import { ${name} } from '${from}'\nglobalThis.it = ${name}`

/** Messages both ways while the client changes connections. None may be lost, and none doubled. */
export const rolloverFigures = async (measure: Measure): Promise<readonly ClientFigure[]> => {
  const { resumed, rejoined } = await measure<{ readonly [way in 'resumed' | 'rejoined']: Rollover }>(
    'client-rollover',
    `import { rejoined, resumed } from './client-rollover.ts'
    console.log(JSON.stringify({ resumed: await resumed(), rejoined: await rejoined() }))`,
  )
  return [...came('with resume', resumed), ...came('joined again by onReady', rejoined)]
}

const came = (how: string, { changes, requests, pushes }: Rollover): readonly ClientFigure[] => [
  { what: `${how}: changes of connections`, value: changes, unit: '', atLeast: 5 },
  { what: `${how}: 1,000 requests, lost`, value: requests.lost, unit: '', limit: 0 },
  { what: `${how}: 1,000 requests, doubled`, value: requests.doubled, unit: '', limit: 0 },
  { what: `${how}: 1,000 pushes, lost`, value: pushes.lost, unit: '', limit: 0 },
  { what: `${how}: 1,000 pushes, doubled`, value: pushes.doubled, unit: '', limit: 0 },
]

/** Many messages, and a connection that is killed every second. */
export const killFigures = async (measure: Measure): Promise<readonly ClientFigure[]> => {
  const killed = await measure<Killed>(
    'client-kills',
    `import { kills } from './client-kills.ts'
    console.log(JSON.stringify(await kills()))`,
  )
  const { messages, kills, failed, lost, doubled, counted, exclusive, keys, unheard, sentAgain, ms } = killed
  const failures = Object.values(failed).reduce((sum, times) => sum + times, 0)
  return [
    { what: 'messages', value: messages, unit: '' },
    { what: 'messages a second', value: (messages * 1_000) / ms, unit: '/s' },
    { what: 'kills', value: kills, unit: '' },
    { what: 'sent again', value: sentAgain, unit: '' },
    { what: 'requests that failed', value: failures, unit: '', limit: 0 },
    { what: 'requests that were never handled', value: lost + unheard, unit: '', limit: 0 },
    { what: 'effects on exclusive routes: committed once more', value: doubled, unit: '', limit: 0 },
    { what: "the machine's counter, off by", value: Math.abs(counted - exclusive), unit: '', limit: 0 },
    { what: 'keys of effects outside, off by', value: Math.abs(keys - exclusive), unit: '', limit: 0 },
  ]
}

/** A request through the client, beside the same by hand. */
export const latencyFigures = async (measure: Measure): Promise<readonly ClientFigure[]> => {
  const { byHand, client, ratio, byHandPerSecond, clientPerSecond } = await measure<Latency>(
    'client-latency',
    `import { isMainThread } from 'node:worker_threads'
    import { latency } from './client-latency.ts'
    if (isMainThread) console.log(JSON.stringify(await latency()))`,
  )
  return [
    { what: 'one request at a time: ws and JSON by hand', value: byHand, unit: 'us' },
    { what: 'one request at a time: the client', value: client, unit: 'us' },
    { what: 'one request at a time: over the one by hand', value: ratio, unit: 'x' },
    { what: '50 in flight: ws and JSON by hand', value: byHandPerSecond, unit: '/s' },
    { what: '50 in flight: the client', value: clientPerSecond, unit: '/s' },
  ]
}
