// Clients differ in the types of what they bring: numbers, text, bytes, null or undefined.

export const isOne = (answer: unknown): boolean => String(answer) === '1'
export const isNothing = (answer: unknown): answer is null | undefined => answer === null || answer === undefined
export const textIn = (answer: unknown): string | undefined => (isNothing(answer) ? undefined : String(answer))

/** Throws a TypeError where it is none. */
export const listOf = (answer: unknown): readonly unknown[] => {
  if (!Array.isArray(answer)) throw new TypeError(`Redis answered '${answer}' where a list was expected.`)
  return answer
}
export const textsOf = (answer: unknown): string[] => listOf(answer).map(String)
