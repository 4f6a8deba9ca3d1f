import { OPTION_NAMES, show, withoutUndefined } from '../local/settings.ts'

/** Check what only a gateway in process is given. Throws a `TypeError` whose message is one sentence. */
export const checkOptions = (options: unknown): void => {
  needNames('testGateway', options, NAMES)
  const { seed, clock, chaos }: Readonly<Record<string, unknown>> = Object(options)
  need(seed === undefined || Number.isSafeInteger(seed), 'testGateway', 'seed must be an integer', seed)
  need(clock === undefined || isFakeClock(clock), 'testGateway', 'clock must be a fakeClock()', clock)
  const isChaos = chaos === undefined || chaos === true || isRecord(chaos)
  need(isChaos, 'testGateway', 'chaos must be true, or { seed?, delays?, … } with chances from 0 to 1', chaos)
}

/** Check how a client wants to be let in. */
export const checkHandshake = (handshake: unknown): void => {
  needNames('connect', handshake, ['query', 'headers', 'subprotocols', 'sourceIp'])
  const { query, headers, subprotocols, sourceIp }: Readonly<Record<string, unknown>> = Object(handshake)
  const isQuery = query === undefined || typeof query === 'string' || isTexts(query)
  need(isQuery, 'connect', "query must be a text such as '?name=ann', or a record of texts", query)
  need(headers === undefined || isTexts(headers), 'connect', 'headers must be a record of texts', headers)
  for (const [name, value] of Object.entries(Object(headers))) {
    need(TOKEN.test(name), 'connect', 'the name of a header has letters, digits and hyphens', name)
    need(FIELD.test(String(value)), 'connect', `the header '${name}' must be on one line, in Latin-1`, value)
  }
  const areTokens =
    Array.isArray(subprotocols) &&
    subprotocols.every((one) => typeof one === 'string' && TOKEN.test(one)) &&
    new Set(subprotocols).size === subprotocols.length
  need(
    subprotocols === undefined || areTokens,
    'connect',
    "subprotocols must be a list such as ['v1', 'v2'], of names without spaces or commas, each once",
    subprotocols,
  )
  need(sourceIp === undefined || isText(sourceIp), 'connect', 'sourceIp must be a text', sourceIp)
}

/** What a message is on the wire: a text as it is, anything else as JSON. */
export const textOf = (what: string, body: unknown): string => {
  const text: string | undefined = typeof body === 'string' ? body : JSON.stringify(body)
  need(text !== undefined, what, 'a message is a text, bytes, or what JSON can say', body)
  return text ?? ''
}

/**
 * Refuse what no client can close with. "If the code is neither 1000 nor in the range 3000 to 4999, throw", and a reason
 * has 123 bytes at most (WebSockets Living Standard, `close()`).
 */
export const checkFarewell = (code: unknown, reason: unknown): void => {
  const isOwn = code === 1000 || (Number.isInteger(code) && Number(code) >= 3000 && Number(code) <= 4999)
  need(code === undefined || isOwn, 'close', 'a client closes with 1000, or with a code from 3000 to 4999', code)
  if (reason === undefined) return
  need(code !== undefined, 'close', 'a reason needs a code before it', reason)
  const isShort = typeof reason === 'string' && Buffer.byteLength(reason) <= MAX_REASON_BYTES
  need(isShort, 'close', `a reason is a text of at most ${MAX_REASON_BYTES} bytes`, reason)
}

const MAX_REASON_BYTES = 123

/** Refuse the same as a browser does: by a `DOMException`, and a reason without a code goes unheard. */
export const checkClose = (code: number | undefined, reason = ''): void => {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
    throw new DOMException(
      `close: a client closes with 1000, or with a code from 3000 to 4999, not ${show(code)}.`,
      'InvalidAccessError',
    )
  if (Buffer.byteLength(reason) > MAX_REASON_BYTES)
    throw new DOMException(`close: a reason has at most ${MAX_REASON_BYTES} bytes.`, 'SyntaxError')
}

/** Where a socket is to go. Throws a `DOMException` for what is no address, as a browser does. */
export const addressOf = (url: string | URL): URL => {
  const wrong = (sentence: string) =>
    new DOMException(`WebSocket: ${sentence}, not ${show(String(url))}.`, 'SyntaxError')
  if (!URL.canParse(String(url))) throw wrong("the address must be whole, such as 'ws://test/dev'")
  const address = new URL(String(url).replace(/^http/, 'ws'))
  if (!/^wss?:$/.test(address.protocol)) throw wrong('the address begins with ws: or wss:')
  if (address.hash !== '') throw wrong('the address has no fragment')
  return address
}

/** What a socket offers. Throws a `DOMException` for what no subprotocol can be, as a browser does. */
export const offersOf = (protocols: string | readonly string[]): readonly string[] => {
  const offers = typeof protocols === 'string' ? [protocols] : [...protocols]
  const stray = offers.find((offer, at) => !TOKEN.test(offer) || offers.indexOf(offer) !== at)
  if (stray === undefined) return offers
  throw new DOMException(
    `WebSocket: a subprotocol has no spaces or commas, and is offered once, not ${show(stray)}.`,
    'SyntaxError',
  )
}

/** Those of sockets and of processes have no meaning here. */
const ELSEWHERE = ['port', 'host', 'page', 'random', 'waiting', 'verifySignature', 'isolation', 'notice', 'inspector']
const NAMES = [...OPTION_NAMES.filter((name) => !ELSEWHERE.includes(name)), 'seed']

const need = (isRight: boolean, what: string, sentence: string, given: unknown) => {
  if (!isRight) throw new TypeError(`${what}: ${sentence}, not ${show(given)}.`)
}

const needNames = (what: string, given: unknown, names: readonly string[]) => {
  need(isRecord(given), what, 'the options must be an object', given)
  const stray = Object.keys(Object(withoutUndefined(given))).find((name) => !names.includes(name))
  if (stray !== undefined)
    throw new TypeError(`${what}: there is no option '${stray}'. The options are ${names.join(', ')}.`)
}

const isRecord = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown) => typeof value === 'string'
const isTexts = (value: unknown) => isRecord(value) && Object.values(Object(value)).every(isText)
const isFakeClock = (value: unknown) =>
  ['now', 'setTimeout', 'clearTimeout', 'next', 'step', 'advance'].every(
    (name) => typeof Object(value)[name] === 'function',
  )

/** RFC 9110, sections 5.6.2 and 5.5: what names are made of, and values. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/
const FIELD = /^[\t\x20-\x7e\x80-\xff]*$/
