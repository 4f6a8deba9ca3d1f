import { InvalidArgumentError } from '../errors.ts'
import type { Limits } from '../types/options.ts'

/**
 * Refuse JSON that parses and yet does harm: nested so deep that writing it overflows the stack, of so many keys that
 * every later step is slow, with keys that reach prototypes, or with strings that change on their way through UTF-8.
 */
export const guard = (body: unknown, text: string, limits: Limits): void => {
  const surrogates = ESCAPED_SURROGATE.test(text)
  let keys = 0

  const walk = (value: unknown, depth: number): void => {
    if (typeof value === 'string') {
      if (surrogates) wellFormed(value)
      return
    }
    if (typeof value !== 'object' || value === null) return
    if (depth > limits.maxDepth)
      throw new InvalidArgumentError(
        `The message is nested deeper than the ${limits.maxDepth} levels that are allowed.`,
      )
    if (Array.isArray(value)) {
      count(value.length)
      for (const item of value) walk(item, depth + 1)
      return
    }
    for (const key in value) {
      count(1)
      if (key === '__proto__' || (key === 'constructor' && hasPrototype(value[key as keyof typeof value])))
        throw new InvalidArgumentError(`The key '${key}' is not allowed.`)
      if (surrogates) wellFormed(key)
      walk(value[key as keyof typeof value], depth + 1)
    }
  }

  const count = (more: number) => {
    keys += more
    if (keys > limits.maxKeys)
      throw new InvalidArgumentError(`The message has more than the ${limits.maxKeys} keys and items that are allowed.`)
  }

  walk(body, 1)
}

/** `"\ud800"`: half a character, which JSON can write and UTF-8 cannot. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/

const wellFormed = (text: string) => {
  if (!text.isWellFormed()) throw new InvalidArgumentError('The message is not well-formed Unicode.')
}

const hasPrototype = (value: unknown) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')
