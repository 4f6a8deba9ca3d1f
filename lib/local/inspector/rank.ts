import type { Box, Line } from './layered.ts'

/** The layer of each box, from 0, and which lines lead back against them. */
export const rank = (boxes: readonly Box[], lines: readonly Line[]) => {
  const index = new Map(boxes.map(({ id }, at) => [id, at]))
  const ends = lines.map(({ from, to }) => [index.get(from) ?? 0, index.get(to) ?? 0] as const)
  const reversed = backwards(boxes.length, ends)
  const down = ends.map(([from, to], at) => (reversed.has(at) ? ([to, from] as const) : ([from, to] as const)))
  const ranks = boxes.map(() => 0)
  // As deep as the longest way to it. Without circles, so many rounds are enough.
  for (const _ of boxes) for (const [from, to] of down) ranks[to] = Math.max(ranks[to] ?? 0, (ranks[from] ?? 0) + 1)
  // What nothing leads to moves down to what it leads to.
  for (const [box] of boxes.entries()) {
    const below = down.filter(([from]) => from === box).map(([, to]) => ranks[to] ?? 0)
    if (box > 0 && below.length > 0 && !down.some(([, to]) => to === box)) ranks[box] = Math.min(...below) - 1
  }
  return { ranks, reversed }
}

/** Lines that close a circle, on a walk that begins at the first box. */
const backwards = (count: number, ends: readonly (readonly [number, number])[]): ReadonlySet<number> => {
  const reversed = new Set<number>()
  const state = new Map<number, 'open' | 'done'>()
  const walk = (box: number): void => {
    state.set(box, 'open')
    for (const [at, [from, to]] of ends.entries()) {
      if (from !== box) continue
      if (state.get(to) === 'open') reversed.add(at)
      else if (!state.has(to)) walk(to)
    }
    state.set(box, 'done')
  }
  for (let box = 0; box < count; box++) if (!state.has(box)) walk(box)
  return reversed
}
