/** The name that was probably meant. Loaded when somebody has mistyped: until then it costs a cold start nothing. */
export const nearestOf = (name: string, names: Iterable<string>): string | undefined => {
  let nearest: string | undefined
  let least = Math.floor(name.length / 3) + 1
  if (name.length > MAX_GUESSED) return undefined
  for (const other of names) {
    if (Math.abs(other.length - name.length) > least) continue
    const steps = distance(name, other)
    if (steps <= least) {
      least = steps - 1
      nearest = other
    }
  }
  return nearest
}

/** A hint is for a slip of the finger; comparing longer names would let a peer buy time of the server's. */
const MAX_GUESSED = 40

/** Edits between two words, where swapping neighbours is one (optimal string alignment). */
const distance = (a: string, b: string): number => {
  const lines: number[][] = []
  // Where one of the words has not begun, every letter of the other one is an edit.
  const at = (row: number, column: number) => lines[row]?.[column] ?? row + column
  for (let row = 1; row <= a.length; row++) {
    const line: number[] = []
    lines[row] = line
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1
      const steps = Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same)
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      line[column] = isSwapped ? Math.min(steps, at(row - 2, column - 2) + 1) : steps
    }
  }
  return at(a.length, b.length)
}
