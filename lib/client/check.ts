import type { Session } from './live.ts'

/** Close a client whose options are none, and have it say what is wrong. */
export const check = ({ given, finish }: Session): void => {
  const message = problemOf(given)
  if (message) finish({ code: 'INVALID_ARGUMENT', message })
}

/** What is wrong with the options of `connect()`, in a sentence. */
const problemOf = (options: object): string | undefined => {
  for (const [name, value] of Object.entries(options)) {
    const kind = KINDS[name]
    if (!kind) return `connect: there is no option '${name}'. There are ${Object.keys(KINDS).join(', ')}.`
    if (!kind.fits(value)) return `connect: ${name} is ${kind.what}, and not ${JSON.stringify(value) ?? String(value)}.`
    if (name === 'reconnect')
      for (const [part, count] of Object.entries(Object(value)))
        if (!AMOUNT.fits(count)) return `connect: reconnect.${part} is ${AMOUNT.what}.`
  }
  if ('protocol' in options && 'order' in options && options.protocol && options.order)
    return 'connect: the machine says what changes the state. Pass protocol or order, not both.'
  return undefined
}

interface Kind {
  readonly what: string
  readonly fits: (value: unknown) => boolean
}

const oneOf = (...values: readonly unknown[]): Kind => ({
  what: values.map((value) => `'${value}'`).join(' or '),
  fits: (value) => values.includes(value),
})
const withFunctions = (what: string, ...names: readonly string[]): Kind => ({
  what,
  fits: (value) => names.every((name) => typeof Object(value)[name] === 'function'),
})
const AMOUNT: Kind = { what: 'a number from 0 up', fits: (value) => typeof value === 'number' && value >= 0 }
const FUNCTION: Kind = { what: 'a function', fits: (value) => typeof value === 'function' }
const NAMES: Kind = {
  what: 'a list of names',
  fits: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
}

const KINDS: { readonly [name: string]: Kind } = {
  WebSocket: FUNCTION,
  protocols: NAMES,
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
  timeoutMs: AMOUNT,
  openMs: AMOUNT,
  reconnect: { what: '{ baseMs, maxMs, attempts }', fits: (value) => Object(value) === value },
  heartbeatMs: AMOUNT,
  rolloverMs: AMOUNT,
  lingerMs: AMOUNT,
  onError: FUNCTION,
  clock: withFunctions('{ now, setTimeout, clearTimeout }', 'now', 'setTimeout', 'clearTimeout'),
  random: FUNCTION,
}
