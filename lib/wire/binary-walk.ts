/**
 * Put `{ "$bytes": "<base64>" }` where there are bytes. What has none is given back as it is, and nothing is changed in
 * place.
 */
export const wrapBytes = (
  value: unknown,
  base64Of: (bytes: Uint8Array) => string,
  within = new Set<object>(),
): unknown => {
  if (typeof value !== 'object' || value === null) return value
  const bytes = bytesIn(value)
  if (bytes) return { $bytes: base64Of(bytes) }
  // What writes itself is left to itself, and a circle to JSON.stringify(), which says what is wrong with it.
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function' || within.has(value)) return value
  within.add(value)
  let copy: Members | undefined
  for (const key of Object.keys(value)) {
    const inner = (value as Members)[key]
    const wrapped = wrapBytes(inner, base64Of, within)
    if (wrapped === inner) continue
    copy ??= (Array.isArray(value) ? [...value] : { ...value }) as Members
    copy[key] = wrapped
  }
  within.delete(value)
  return copy ?? value
}

/** The way back, in place: `value` has just been parsed, and belongs to nobody else. */
export const unwrapBytes = (value: unknown, bytesOf: (base64: unknown) => Uint8Array): unknown => {
  if (typeof value !== 'object' || value === null) return value
  const members = value as Members
  if ('$bytes' in members && Object.keys(members).length === 1) return bytesOf(members.$bytes)
  for (const key of Object.keys(members)) {
    const inner = members[key]
    if (typeof inner !== 'object' || inner === null) continue
    const unwrapped = unwrapBytes(inner, bytesOf)
    if (unwrapped !== inner) members[key] = unwrapped
  }
  return value
}

/** Why a value under `$bytes` is refused. */
export const NO_BYTES = '"$bytes" alone in an object is the Base64 of bytes, with its padding. What came is no Base64.'

type Members = { [key: string]: unknown }

const bytesIn = (value: object): Uint8Array | undefined =>
  value instanceof Uint8Array ? value : value instanceof ArrayBuffer ? new Uint8Array(value) : undefined
