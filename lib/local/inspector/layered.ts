import { arrange, type Item } from './arrange.ts'
import { rank } from './rank.ts'

/** A box to place, with its size. */
export interface Box {
  readonly id: string
  readonly width: number
  readonly height: number
}

/** A line between two boxes, with the size of its label. */
export interface Line {
  readonly from: string
  readonly to: string
  readonly width: number
  readonly height: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Placed {
  readonly width: number
  readonly height: number
  /** The upper left corners, in the order of the boxes. */
  readonly corners: readonly Point[]
  /** For each line its points from border to border, and the middle of its label. */
  readonly lines: readonly { readonly points: readonly Point[]; readonly label: Point }[]
}

/**
 * Place boxes in layers from top to bottom, the first box first, and lead lines around them: Sugiyama's method, for the
 * few dozen boxes that a protocol has. A line that leads back is laid as if it led down, and turned around.
 */
export const layered = (boxes: readonly Box[], lines: readonly Line[]): Placed => {
  const { ranks, reversed } = rank(boxes, lines)
  const items = boxes.map(({ width, height }, at): Item => ({ rank: 2 * (ranks[at] ?? 0), width, height, next: [] }))
  const index = new Map(boxes.map(({ id }, at) => [id, at]))
  // Each layer of boxes has one of labels below it, so every line has a place for its label.
  const chains = lines.map(({ from, to, width, height }, at) => {
    const ends = [index.get(from) ?? 0, index.get(to) ?? 0]
    const [first = 0, last = 0] = reversed.has(at) ? ends.toReversed() : ends
    return chain(items, first, last, { width, height })
  })
  const { width, height, middles, tops, layers } = arrange(items, { gap: GAP, lane: LANE, layer: LAYER })
  const ports = portsOf(items, chains, middles)
  return {
    width,
    height,
    corners: boxes.map((box, at) => ({ x: (middles[at] ?? 0) - box.width / 2, y: tops[at] ?? 0 })),
    lines: chains.map(({ stops, label }, at) => {
      const [first = 0, ...between] = stops.slice(0, -1)
      const last = stops.at(-1) ?? 0
      const points = [
        { x: ports.out[at] ?? 0, y: (tops[first] ?? 0) + (items[first]?.height ?? 0) },
        // Straight through a layer, so that it passes beside the boxes there.
        ...between.flatMap((stop) => {
          const x = middles[stop] ?? 0
          const { top = 0, bottom = 0 } = layers[items[stop]?.rank ?? 0] ?? {}
          return [
            { x, y: top },
            { x, y: bottom },
          ]
        }),
        { x: ports.in[at] ?? 0, y: tops[last] ?? 0 },
      ]
      const { top = 0, bottom = 0 } = layers[items[label]?.rank ?? 0] ?? {}
      return {
        points: reversed.has(at) ? points.reverse() : points,
        label: { x: middles[label] ?? 0, y: (top + bottom) / 2 },
      }
    }),
  }
}

const GAP = 36
/** Between a line and what is beside it. */
const LANE = 16
const LAYER = 20

interface Chain {
  /** From box to box, by way of the layers between. */
  readonly stops: readonly number[]
  readonly label: number
}

const chain = (items: Item[], first: number, last: number, label: Pick<Item, 'width' | 'height'>): Chain => {
  const from = items[first]?.rank ?? 0
  const to = items[last]?.rank ?? 0
  // Beside the label there are odd layers only; the one nearest to the middle.
  const labelled = from + 1 + 2 * Math.floor((to - from - 1) / 4)
  const stops = [first]
  for (let rank = from + 1; rank < to; rank++) {
    const size = rank === labelled ? label : { width: 0, height: 0 }
    items.push({ rank, ...size, next: [], isLane: true })
    stops.push(items.length - 1)
  }
  stops.push(last)
  for (const [at, stop] of stops.entries()) {
    const following = stops[at + 1]
    if (following !== undefined) items[stop]?.next.push(following)
  }
  return { stops, label: stops[labelled - from] ?? first }
}

/** Where along the border of its boxes each line begins and ends: apart from one another, in the order of their ways. */
const portsOf = (items: readonly Item[], chains: readonly Chain[], middles: readonly number[]) => {
  const spread = (ofBox: (chain: Chain) => number | undefined, ofNext: (chain: Chain) => number | undefined) => {
    const ports: number[] = []
    for (const box of new Set(chains.map(ofBox))) {
      const here = [...chains.entries()]
        .filter(([, one]) => ofBox(one) === box)
        .map(([at, one]) => ({ at, x: middles[ofNext(one) ?? 0] ?? 0 }))
        .sort((a, b) => a.x - b.x)
      const step = Math.min(MAX_STEP, ((items[box ?? 0]?.width ?? 0) - 2 * CORNER) / here.length)
      for (const [place, { at }] of here.entries())
        ports[at] = (middles[box ?? 0] ?? 0) + (place - (here.length - 1) / 2) * step
    }
    return ports
  }
  return {
    out: spread(
      ({ stops }) => stops[0],
      ({ stops }) => stops[1],
    ),
    in: spread(
      ({ stops }) => stops.at(-1),
      ({ stops }) => stops.at(-2),
    ),
  }
}

const MAX_STEP = 40
const CORNER = 10
