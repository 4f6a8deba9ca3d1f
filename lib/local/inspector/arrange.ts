/** A box, or the place where a line crosses a layer. */
export interface Item {
  readonly rank: number
  readonly width: number
  readonly height: number
  /** Where its lines lead, one layer below. */
  readonly next: number[]
  readonly isLane?: boolean
}

export interface Gaps {
  /** Between boxes. */
  readonly gap: number
  /** Between a line and its neighbour. */
  readonly lane: number
  /** Between layers. */
  readonly layer: number
}

/** Give every item its place within its layer, and every layer its height. */
export const arrange = (items: readonly Item[], gaps: Gaps) => {
  const layers = ordered(items)
  const middles = spread(items, layers, gaps)
  const left = Math.min(...items.map(({ width }, at) => (middles[at] ?? 0) - width / 2))
  const width = Math.max(...items.map((item, at) => (middles[at] ?? 0) + item.width / 2)) - left
  let height = 0
  const bands = layers.map((layer) => {
    const top = height
    const bottom = top + Math.max(0, ...layer.map((at) => items[at]?.height ?? 0))
    height = bottom + gaps.layer
    return { top, bottom }
  })
  return {
    width,
    height: height - gaps.layer,
    middles: middles.map((x) => x - left),
    /** A box stands in the middle of its layer. */
    tops: items.map(({ rank, height: own }) => {
      const { top = 0, bottom = 0 } = bands[rank] ?? {}
      return (top + bottom - own) / 2
    }),
    layers: bands,
  }
}

/** Layers whose items stand in an order with few crossings: each near the middle of its neighbours, a few times over. */
const ordered = (items: readonly Item[]): number[][] => {
  const above = items.map((): number[] => [])
  for (const [at, { next }] of items.entries()) for (const to of next) above[to]?.push(at)
  const count = Math.max(0, ...items.map(({ rank }) => rank)) + 1
  let layers = Array.from({ length: count }, (_, rank) => [...items.keys()].filter((at) => items[at]?.rank === rank))
  let best = layers
  for (let round = 0; round < ROUNDS && crossings(items, best) > 0; round++) {
    const isDown = round % 2 === 0
    const neighbours = isDown ? above : items.map(({ next }) => next)
    const places = new Map(layers.flatMap((layer) => layer.map((at, place) => [at, place] as const)))
    const next = [...layers]
    const ranks = isDown ? [...layers.keys()] : [...layers.keys()].reverse()
    for (const rank of ranks) {
      const weight = new Map((next[rank] ?? []).map((at) => [at, mean(neighbours[at], places) ?? places.get(at) ?? 0]))
      const sorted = [...(next[rank] ?? [])].sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0))
      for (const [place, at] of sorted.entries()) places.set(at, place)
      next[rank] = sorted
    }
    layers = next
    if (crossings(items, layers) < crossings(items, best)) best = layers
  }
  return best
}

const ROUNDS = 16

const crossings = (items: readonly Item[], layers: readonly (readonly number[])[]): number => {
  const places = new Map(layers.flatMap((layer) => layer.map((at, place) => [at, place] as const)))
  const place = (at: number) => places.get(at) ?? 0
  let count = 0
  for (const layer of layers) {
    const lines = layer.flatMap((at) => (items[at]?.next ?? []).map((to) => [place(at), place(to)] as const))
    for (const [index, [from, to]] of lines.entries())
      for (const [otherFrom, otherTo] of lines.slice(index + 1)) if ((from - otherFrom) * (to - otherTo) < 0) count++
  }
  return count
}

const mean = (neighbours: readonly number[] = [], places: ReadonlyMap<number, number>): number | undefined =>
  neighbours.length === 0
    ? undefined
    : neighbours.reduce((sum, at) => sum + (places.get(at) ?? 0), 0) / neighbours.length

/** The middle of every item: as near to those of its neighbours as the order and the gaps allow. */
const spread = (items: readonly Item[], layers: readonly (readonly number[])[], gaps: Gaps): number[] => {
  const middles = items.map(() => 0)
  const around = items.map(({ next }) => [...next])
  for (const [at, { next }] of items.entries()) for (const to of next) around[to]?.push(at)
  for (let round = 0; round < ROUNDS; round++)
    for (const layer of round % 2 === 0 ? layers : layers.toReversed()) {
      const offsets = offsetsOf(items, layer, gaps)
      const wanted = layer.map((at, place) => {
        const near = (around[at] ?? []).map((other) => middles[other] ?? 0)
        const x = near.length === 0 ? (middles[at] ?? 0) : near.reduce((sum, one) => sum + one, 0) / near.length
        return x - (offsets[place] ?? 0)
      })
      for (const [place, x] of rising(wanted).entries()) middles[layer[place] ?? 0] = x + (offsets[place] ?? 0)
    }
  return middles
}

/** How far each item of a layer must at least be from the first. */
const offsetsOf = (items: readonly Item[], layer: readonly number[], { gap, lane }: Gaps): number[] => {
  let offset = 0
  return layer.map((at, place) => {
    const item = items[at]
    const before = items[layer[place - 1] ?? -1]
    if (item && before) offset += (before.width + item.width) / 2 + (before.isLane || item.isLane ? lane : gap)
    return offset
  })
}

/** The rising row that is nearest to the given one: neighbours that would pass one another meet in their middle. */
const rising = (wanted: readonly number[]): number[] => {
  const blocks: { sum: number; count: number }[] = []
  for (const value of wanted) {
    let block = { sum: value, count: 1 }
    for (;;) {
      const before = blocks.at(-1)
      if (!before || before.sum / before.count <= block.sum / block.count) break
      blocks.pop()
      block = { sum: before.sum + block.sum, count: before.count + block.count }
    }
    blocks.push(block)
  }
  return blocks.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count))
}
