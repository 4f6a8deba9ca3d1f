/** Hold what came against what had to come, member by member. `what` begins the sentence of the Error that it throws. */
export const expect = (what: string, came: unknown, wanted: unknown): void => {
  const { isDeepStrictEqual } = node()
  if (!isDeepStrictEqual(came, wanted)) throw new Error(`${what}: expected ${show(wanted)}, got ${show(came)}.`)
}

/** The same for names in any order, none of them twice. Says which are missing, and which are too many. */
export const expectSame = (what: string, came: readonly string[], wanted: readonly string[]): void => {
  const missing = wanted.filter((name) => !came.includes(name))
  const surplus = came.filter((name, index) => !wanted.includes(name) || came.indexOf(name) !== index)
  if (missing.length + surplus.length === 0) return
  throw new Error(
    `${what}: expected ${wanted.length} and got ${came.length}; missing ${show(missing)}, wrong or twice ${show(surplus)}.`,
  )
}

const show = (value: unknown) =>
  node().inspect(value, {
    depth: 6,
    maxStringLength: 120,
    maxArrayLength: 12,
    compact: true,
    breakLength: Number.POSITIVE_INFINITY,
  })

// Asked for when a check runs: importing the cases costs nothing.
const node = () => process.getBuiltinModule('node:util')
