/** Refuse what JSON would change in silence: the state that comes back from a store must be the one that went there. */
export const plain = (value: unknown, where: string): void => {
  if (typeof value !== 'object' || value === null) {
    if (typeof value === 'number' ? Number.isFinite(value) : JSON_TYPES.has(typeof value)) return
    // In a list JSON writes null for undefined.
  } else if (Array.isArray(value) ? !value.includes(undefined) : PLAIN.has(Object.getPrototypeOf(value))) {
    for (const [key, inner] of Object.entries(value)) plain(inner, `${where}.${key}`)
    return
  }
  throw new TypeError(
    `'${where}' of the protocol is ${String(value)}, which JSON does not keep. Keep plain data there.`,
  )
}

const JSON_TYPES = new Set(['string', 'boolean', 'undefined', 'object'])
const PLAIN = new Set([Object.prototype, null])
