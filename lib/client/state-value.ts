/** Whether two values of states name the same state. */
export const same = (a: unknown, b: unknown): boolean => a === b || textOf(a) === textOf(b)

/** The regions of a parallel state have no order. */
const textOf = (value: unknown): string =>
  typeof value === 'object' && value
    ? `{${Object.entries(value)
        .map(([key, inner]) => `${key}:${textOf(inner)}`)
        .sort()}}`
    : JSON.stringify(value)
