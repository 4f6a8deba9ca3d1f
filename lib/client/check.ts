import type { Session } from './live.ts'

/** Close a client whose options are none, and have it say what is wrong. */
export const check = (session: Session): void => {
  const message = problemOf(session)
  if (message === undefined) return
  session.onError(new TypeError(message))
  session.finish({ code: 'INVALID_ARGUMENT', message })
}

/** What is wrong with what `connect()` was given, in a sentence. */
const problemOf = ({ given, url }: Session): string | undefined => {
  const problem = problemIn('', OPTIONS, given) ?? problemOfUrl(url)
  if (problem !== undefined) return `connect: ${problem}`
  if (given.protocol && given.order)
    return 'connect: the machine says what changes the state. Pass protocol or order, not both.'
  return undefined
}

const problemIn = (place: string, kinds: Kinds, options: object): string | undefined => {
  for (const [name, value] of Object.entries(options)) {
    // As one that is not there.
    if (value === undefined) continue
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
    if (!kind) return `there is no option '${place}${name}'. There are ${Object.keys(kinds).join(', ')}.`
    if (!kind.fits(value)) return `${place}${name} is ${kind.what}, and not ${shown(value)}.`
    const problem = kind.parts && problemIn(`${place}${name}.`, kind.parts, Object(value))
    if (problem !== undefined) return problem
  }
  return undefined
}

/** That it begins with wss:// was seen to before. A socket takes no fragment (RFC 6455, 3). */
const problemOfUrl = (url: string): string | undefined => {
  if (url.includes('#')) return `'${url}' has a '#', and the URL of a WebSocket has none.`
  try {
    new URL(url)
    return undefined
  } catch {
    return `'${url}' cannot be read as a URL.`
  }
}

const shown = (value: unknown): string => {
  // JSON has no word for NaN and Infinity.
  if (typeof value === 'number') return `${value}`
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return `what is there, of type ${typeof value}`
  }
}

interface Kind {
  readonly what: string
  readonly fits: (value: unknown) => boolean
  /** What is in it. */
  readonly parts?: Kinds
}
interface Kinds {
  readonly [name: string]: Kind
}

const oneOf = (...values: readonly unknown[]): Kind => ({
  what: values.map((value) => `'${value}'`).join(' or '),
  fits: (value) => values.includes(value),
})
const withFunctions = (what: string, ...names: readonly string[]): Kind => ({
  what,
  fits: (value) => names.every((name) => typeof Object(value)[name] === 'function'),
})
/** A timer of JavaScript keeps no longer (HTML, "timers"): one that is asked to is over at once. */
const MAX_MS = 2 ** 31 - 1
const timeFrom = (minMs: number): Kind => ({
  what: `a number of milliseconds from ${minMs} to ${MAX_MS}`,
  fits: (value) => typeof value === 'number' && value >= minMs && value <= MAX_MS,
})
const TIME = timeFrom(1)
const TIME_OR_NEVER: Kind = {
  what: `${TIME.what}, or Infinity`,
  fits: (value) => value === Number.POSITIVE_INFINITY || TIME.fits(value),
}
const AMOUNT: Kind = { what: 'a number from 0 up', fits: (value) => typeof value === 'number' && value >= 0 }
const FUNCTION: Kind = { what: 'a function', fits: (value) => typeof value === 'function' }
const NAMES: Kind = {
  what: 'a list of names',
  fits: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
}
/** Those of RFC 6455, 4.1: a socket throws what says little where they are others. */
const TOKENS: Kind = {
  what: 'a list of subprotocols, each one once, and of letters, digits and signs, without spaces and commas',
  fits: (value) =>
    Array.isArray(value) &&
    value.every((name) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)) &&
    new Set(value).size === value.length,
}

const OPTIONS: Kinds = {
  WebSocket: FUNCTION,
  protocols: TOKENS,
  codec: withFunctions("a codec of 'ws-interlock/client/codec'", 'write', 'read'),
  protocol: withFunctions('an XState machine', 'transition'),
  input: { what: 'anything', fits: () => true },
  order: NAMES,
  pipeline: { what: 'true or false', fits: (value) => typeof value === 'boolean' },
  onReady: FUNCTION,
  token: FUNCTION,
  tokenBy: oneOf('subprotocol', 'query', 'message'),
  resend: oneOf('recovered', 'always', 'never'),
  maxQueue: AMOUNT,
  timeoutMs: TIME,
  openMs: TIME,
  reconnect: {
    what: '{ baseMs, maxMs, attempts }',
    fits: (value) => Object(value) === value,
    parts: { baseMs: TIME, maxMs: TIME, attempts: AMOUNT },
  },
  heartbeatMs: TIME_OR_NEVER,
  rolloverMs: TIME_OR_NEVER,
  lingerMs: timeFrom(0),
  onError: FUNCTION,
  clock: withFunctions('{ now, setTimeout, clearTimeout }', 'now', 'setTimeout', 'clearTimeout'),
  random: FUNCTION,
}
