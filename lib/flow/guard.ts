import type { Limits } from '../types/options.ts'
import { Flaw } from './fault.ts'

/**
 * Refuse JSON that parses and yet does harm: nested so deep that writing it overflows the stack, of so many keys that
 * every later step is slow, with keys that reach prototypes, or with strings that change on their way through UTF-8.
 */
export const guard = (body: unknown, text: string, limits: Limits): void => {
  // includes() first: it is far cheaper, and true of few messages.
  const surrogates = text.includes('\\u') && ESCAPED_SURROGATE.test(text)
  walk(body, 1, limits.maxKeys, limits, surrogates)
}

/** `"\ud800"`: half a character, which JSON can write and UTF-8 cannot. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/

/** How many keys and items may still come, once this value is through. */
const walk = (value: unknown, depth: number, left: number, limits: Limits, surrogates: boolean): number => {
  if (typeof value !== 'object' || value === null) {
    if (surrogates && typeof value === 'string') wellFormed(value)
    return left
  }
  const { maxDepth, maxKeys } = limits
  if (depth > maxDepth) throw new Flaw((say) => say.tooDeep(maxDepth))
  let rest = left
  if (Array.isArray(value)) {
    rest -= value.length
    if (rest < 0) throw new Flaw((say) => say.tooMany(maxKeys))
    for (const item of value) rest = walk(item, depth + 1, rest, limits, surrogates)
    return rest
  }
  for (const key in value) {
    if (rest-- === 0) throw new Flaw((say) => say.tooMany(maxKeys))
    const inner: unknown = value[key as keyof typeof value]
    if (key === '__proto__' || (key === 'constructor' && Object.hasOwn(Object(inner), 'prototype')))
      throw new Flaw((say) => say.forbiddenKey(key))
    if (surrogates) wellFormed(key)
    rest = walk(inner, depth + 1, rest, limits, surrogates)
  }
  return rest
}

/** Refuse half characters, which UTF-8 cannot write. */
export const wellFormed = (text: string): void => {
  if (!text.isWellFormed()) throw new Flaw((say) => say.notUnicode())
}
