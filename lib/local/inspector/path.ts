import type { Point } from './layered.ts'

/** Which way the layers follow one another. */
export type Direction = 'right' | 'down'

export interface Rectangle extends Point {
  readonly width: number
  readonly height: number
}

/** A smooth path of SVG through points, which leaves and enters a box at a right angle. */
export const curve = (points: readonly Point[], direction: Direction): string =>
  points
    .map(({ x, y }, at) => {
      const before = points[at - 1]
      if (!before) return `M${round(x)} ${round(y)}`
      const middle = direction === 'down' ? (before.y + y) / 2 : (before.x + x) / 2
      const [one, two] =
        direction === 'down'
          ? [`${round(before.x)} ${round(middle)}`, `${round(x)} ${round(middle)}`]
          : [`${round(middle)} ${round(before.y)}`, `${round(middle)} ${round(y)}`]
      return `C${one} ${two} ${round(x)} ${round(y)}`
    })
    .join('')

/** Lengthen a line to the boxes that it is about, where they lie within those that it was led between. */
export const between = (
  from: Rectangle | undefined,
  points: readonly Point[],
  to: Rectangle | undefined,
): readonly Point[] => {
  const [first, last] = [points[0], points.at(-1)]
  return [...(first ? reach(from, first) : []), ...points, ...(last ? reach(to, last) : [])]
}

/** The nearest point of a box's border, unless the line is there already. */
const reach = (box: Rectangle | undefined, point: Point): Point[] => {
  if (!box) return []
  const { x, y, width, height } = box
  const near = {
    x: Math.min(x + width - INSET, Math.max(x + INSET, point.x)),
    y: Math.min(y + height - INSET, Math.max(y + INSET, point.y)),
  }
  const outside = { x: point.x < x || point.x > x + width, y: point.y < y || point.y > y + height }
  if (!outside.x && !outside.y) return []
  if (outside.x) return [{ x: point.x < x ? x : x + width, y: outside.y ? near.y : point.y }]
  return [{ x: near.x, y: point.y < y ? y : y + height }]
}

const INSET = 10

/** A short arrow to the state that is entered first, from where no other line comes. */
export const start = (box: Rectangle | undefined, direction: Direction): string[] => {
  if (!box) return []
  const { x, y, height, width } = box
  return direction === 'right'
    ? [`M${round(x - LENGTH)} ${round(y + height / 2)}h${LENGTH}`]
    : [`M${round(x + width / 2)} ${round(y - LENGTH)}v${LENGTH}`]
}

const LENGTH = 16

const round = (value: number) => Math.round(value * 10) / 10
