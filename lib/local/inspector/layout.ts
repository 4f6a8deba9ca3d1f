import type { Diagram, DiagramState, Move } from './diagram.ts'
import { layered, type Placed, type Point } from './layered.ts'
import { between, curve, type Direction, start } from './path.ts'

/** A diagram with places, in CSS pixels. */
export interface Picture {
  readonly name: string
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly moves: readonly PlacedMove[]
  /** Arrows to the states that are entered first. */
  readonly starts: readonly string[]
  /** What the machine takes in whichever state it is. */
  readonly anywhere: readonly string[]
}

export interface PlacedState extends Point, Pick<DiagramState, 'id' | 'name' | 'kind' | 'description' | 'lines'> {
  readonly width: number
  readonly height: number
}

export interface PlacedMove {
  readonly from: string
  readonly to: string
  /** A path of SVG. */
  readonly path: string
  /** The middle of the labels. */
  readonly x: number
  readonly y: number
  readonly labels: readonly Pick<Move, 'label' | 'event' | 'kind'>[]
}

/** Lay a diagram out from left to right, unless it is seen much larger from top to bottom on a panel of this shape. */
export const layout = (diagram: Diagram, panel = { width: 640, height: 340 }): Picture => {
  const scale = ({ width, height }: Picture) => Math.min(1, panel.width / width, panel.height / height)
  const wide = draw(diagram, 'right')
  const tall = draw(diagram, 'down')
  return scale(wide) >= LEGIBLE || scale(wide) >= scale(tall) ? wide : tall
}

/** At which a label of 11 px can still be read with ease. */
const LEGIBLE = 0.8

const draw = ({ name, root, moves }: Diagram, direction: Direction): Picture => {
  const level = place(root, merged(moves), direction)
  const states = level.states.map((state) => ({ ...state, x: state.x + MARGIN, y: state.y + MARGIN }))
  const boxes = new Map(states.map((state) => [state.id, state]))
  const moved = level.moves.map((move) => ({
    ...move,
    points: move.points.map(({ x, y }) => ({ x: x + MARGIN, y: y + MARGIN })),
    x: move.x + MARGIN,
    y: move.y + MARGIN,
  }))
  return {
    name,
    width: level.width + 2 * MARGIN,
    height: level.height + 2 * MARGIN,
    states,
    moves: moved.map(({ points, ...move }) => ({
      ...move,
      // It was led between the outermost boxes that hold its ends.
      path: curve(between(boxes.get(move.from), points, boxes.get(move.to)), direction),
    })),
    starts: initials(root).flatMap((id) => start(boxes.get(id), direction)),
    anywhere: root.lines,
  }
}

const MARGIN = 28

/** Moves between the same two states share a line. */
type Merged = Omit<PlacedMove, 'path' | 'x' | 'y'>

const merged = (moves: readonly Move[]): Merged[] => {
  const byEnds = new Map<string, Move[]>()
  for (const move of moves) {
    const key = JSON.stringify([move.from, move.to])
    byEnds.set(key, [...(byEnds.get(key) ?? []), move])
  }
  return [...byEnds.values()].map((all) => ({
    from: all[0]?.from ?? '',
    to: all[0]?.to ?? '',
    labels: all.map(({ from: _, to: __, ...rest }) => rest),
  }))
}

interface Level {
  readonly width: number
  readonly height: number
  readonly states: readonly PlacedState[]
  readonly moves: readonly (Merged & Point & { readonly points: readonly Point[] })[]
}

/** Place what is within a state: its children, what is within them, and the moves between them. */
const place = (state: DiagramState, moves: readonly Merged[], direction: Direction): Level => {
  const children = [...state.children].sort((a, b) => Number(b.id === state.initial) - Number(a.id === state.initial))
  const levels = children.map((child) => inside(child, moves, direction))
  const childOf = (id: string) => children.find((child) => id === child.id || id.startsWith(`${child.id}.`))?.id
  const here = moves.flatMap((move) => {
    const [from, to] = [childOf(move.from), childOf(move.to)]
    return from !== undefined && to !== undefined && from !== to ? [{ move, from, to }] : []
  })
  const turn = direction === 'right' ? turned : (placed: Placed) => placed
  const placed = turn(
    layered(
      children.map(({ id }, at) => ({ id, ...sized(levels[at], direction) })),
      here.map(({ move: { labels }, from, to }) => ({ from, to, ...sized(labelSize(labels), direction) })),
    ),
  )
  return {
    width: placed.width,
    height: placed.height,
    states: levels.flatMap((level, at) => {
      const { x = 0, y = 0 } = placed.corners[at] ?? {}
      return level.states.map((one) => ({ ...one, x: one.x + x, y: one.y + y }))
    }),
    moves: [
      ...here.map(({ move }, at) => {
        const { points = [], label = { x: 0, y: 0 } } = placed.lines[at] ?? {}
        return { ...move, points, ...label }
      }),
      ...levels.flatMap((level, at) => {
        const { x = 0, y = 0 } = placed.corners[at] ?? {}
        return level.moves.map((move) => ({
          ...move,
          points: move.points.map((point) => ({ x: point.x + x, y: point.y + y })),
          x: move.x + x,
          y: move.y + y,
        }))
      }),
    ],
  }
}

/** A state's own box, with what is within it. */
const inside = (state: DiagramState, moves: readonly Merged[], direction: Direction): Level => {
  const { id, name, kind, description, lines } = state
  const head = HEAD + lines.length * LINE_HEIGHT
  const named = Math.max(
    MIN_WIDTH,
    widthOf(name, NAME_WIDTH) + COUNT,
    ...lines.map((line) => widthOf(line, TEXT_WIDTH)),
  )
  const own = { id, name, kind, description, lines, x: 0, y: 0 }
  if (kind === 'history') return { width: DOT, height: DOT, states: [{ ...own, width: DOT, height: DOT }], moves: [] }
  if (state.children.length === 0)
    return {
      width: named + PAD,
      height: head + FOOT,
      states: [{ ...own, width: named + PAD, height: head + FOOT }],
      moves: [],
    }
  const level = place(state, moves, direction)
  const width = Math.max(named + PAD, level.width + 2 * PAD)
  const height = head + level.height + 2 * PAD
  const x = (width - level.width) / 2
  const y = head + PAD
  return {
    width,
    height,
    states: [{ ...own, width, height }, ...level.states.map((one) => ({ ...one, x: one.x + x, y: one.y + y }))],
    moves: level.moves.map((move) => ({
      ...move,
      points: move.points.map((point) => ({ x: point.x + x, y: point.y + y })),
      x: move.x + x,
      y: move.y + y,
    })),
  }
}

const initials = (state: DiagramState): string[] => [
  ...(state.initial === undefined ? [] : [state.initial]),
  ...state.children.flatMap(initials),
]

// The page's type: 13 px for names, 11 px for the rest. A server has no fonts, so the widths are those of a wide one.
const NAME_WIDTH = 8.4
const TEXT_WIDTH = 6.4
const LINE_HEIGHT = 16
const HEAD = 28
const FOOT = 6
const MIN_WIDTH = 72
const COUNT = 36
const PAD = 20
const DOT = 26

const widthOf = (text: string, width: number) => text.length * width

const labelSize = (labels: Merged['labels']) => ({
  width: Math.max(...labels.map(({ label }) => widthOf(label, TEXT_WIDTH))) + 8,
  height: labels.length * LINE_HEIGHT + 8,
})

/** Layers go from top to bottom: what goes to the right is laid on its side and set upright again. */
const sized = (size: { readonly width: number; readonly height: number } | undefined, direction: Direction) => {
  const { width = 0, height = 0 } = size ?? {}
  return direction === 'right' ? { width: height, height: width } : { width, height }
}

const turned = ({ width, height, corners, lines }: Placed): Placed => ({
  width: height,
  height: width,
  corners: corners.map(swap),
  lines: lines.map(({ points, label }) => ({ points: points.map(swap), label: swap(label) })),
})

const swap = ({ x, y }: Point): Point => ({ x: y, y: x })
