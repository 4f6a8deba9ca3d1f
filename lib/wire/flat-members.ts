/** The JSON of a frame whose data lies flat in it, behind the members of `head`. */
export const flatText = (head: object, data: unknown): string => {
  const json = liesFlat(data) ? JSON.stringify(data) : '{}'
  // An empty object would be no member at all, and come back as no data.
  return json === '{}' ? JSON.stringify({ ...head, data }) : `${JSON.stringify(head).slice(0, -1)},${json.slice(1)}`
}

/** The data of a frame: what is under "data", else all members but these, else nothing. */
export const flatData = (body: object, head: readonly string[]): unknown => {
  if (Object.hasOwn(body, 'data')) return (body as { readonly data?: unknown }).data
  const members = Object.entries(body).filter(([name]) => !head.includes(name))
  return members.length > 0 ? Object.fromEntries(members) : undefined
}

/** An object none of whose members has a name of the wire. What writes itself may be anything once it is written. */
const liesFlat = (data: unknown): boolean =>
  typeof data === 'object' &&
  data !== null &&
  !Array.isArray(data) &&
  typeof (data as { readonly toJSON?: unknown }).toJSON !== 'function' &&
  !RESERVED.some((name) => Object.hasOwn(data, name))

const RESERVED = ['action', 'id', 'dep', 'data', 'error', 'event', 'progress']
