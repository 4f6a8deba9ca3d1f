import type { Explored } from './explore.ts'
import type { Scenario } from './scenario.ts'

/** What was explored, a line each, and in total. */
export const tableOf = (all: readonly { readonly scenario: Scenario; readonly explored: Explored }[]): string => {
  const lines = all.map(({ scenario, explored }) =>
    line(`${explored.what}${faultsOf(scenario)}`, explored.states, explored.interleavings, explored.ms),
  )
  const total = line(
    `${all.length} scenarios`,
    all.reduce((sum, { explored }) => sum + explored.states, 0),
    all.reduce((sum, { explored }) => sum + explored.interleavings, 0n),
    all.reduce((sum, { explored }) => sum + explored.ms, 0),
  )
  return ['', line('scenario', 'states', 'interleavings', 'ms'), ...lines, total].join('\n')
}

/** A violation as numbered steps. */
export const storyOf = ({ what, violation }: Explored): string =>
  violation
    ? [`${what}: ${violation.invariant}, ${violation.sentence}:`, ...violation.steps.map(numbered)].join('\n')
    : `${what}: no violation`

const numbered = (step: string, at: number) => `  ${String(at + 1).padStart(2)}. ${step}`

const line = (what: string, states: number | string, ways: bigint | string, ms: number | string) =>
  [
    what.padEnd(86),
    states.toLocaleString('en').padStart(9),
    ways.toLocaleString('en').padStart(16),
    (typeof ms === 'number' ? Math.round(ms).toLocaleString('en') : ms).padStart(7),
  ].join('')

const faultsOf = ({ crashes = 0, losses = 0, jumps = 0, zombies, whole = true }: Scenario) => {
  const faults = [
    ...(crashes ? [`${crashes} crash${crashes > 1 ? 'es' : ''}`] : []),
    ...(losses ? [`${losses} answer${losses > 1 ? 's' : ''} lost`] : []),
    ...(jumps ? [`${jumps} jump${jumps > 1 ? 's' : ''}`] : []),
    ...(zombies ? ['zombies'] : []),
    ...(whole ? [] : ['apart']),
  ]
  return faults.length > 0 ? ` (${faults.join(', ')})` : ''
}
