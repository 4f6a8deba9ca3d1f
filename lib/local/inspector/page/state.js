import { parsed } from './dom.js'

/** The paths of the states that a name stands for: `joined`, or the JSON of a nested or parallel value. */
export const activeIn = (state) => {
  if (state === undefined) return new Set()
  const value = state.startsWith('{') ? (parsed(state) ?? state) : state
  return new Set(pathsOf(value, ''))
}

const pathsOf = (value, prefix) => {
  if (typeof value === 'string') return [`${prefix}${value}`]
  return Object.entries(value).flatMap(([key, inner]) => [`${prefix}${key}`, ...pathsOf(inner, `${prefix}${key}.`)])
}

/** A name as one reads it: `work.b`, and `left.on, right.off` where there are regions. */
export const readable = (state) => {
  const paths = [...activeIn(state)]
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}.`))).join(', ')
}

/** The name of a stored value, as the gateway tells it. */
export const nameOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
