import type { Token } from './options.ts'
import type { Settings } from './settings.ts'

/** Where to go, what to offer there, and the token that it was made with. */
export interface Address {
  readonly url: string
  readonly protocols: string[]
  readonly token?: Token | undefined
}

/** Whoever wants a token: a session, which tells when it is closed. */
type Asking = Settings & { readonly ends?: Set<() => void> }

/** The server answers with a name that was offered, and never with the token. */
export const addressOf = async (settings: Asking): Promise<Address> => {
  const { url, codec, protocols = [], tokenBy = 'subprotocol' } = settings
  const given = await nextToken(settings)
  const to = new URL(url)
  if (given && tokenBy === 'query') to.searchParams.set('token', given.token)
  const bearer = given && tokenBy === 'subprotocol' ? [`bearer.${base64url(given.token)}`] : []
  return { url: to.href, protocols: [codec.subprotocol, ...bearer, ...protocols], token: given }
}

/**
 * The next token, with its end, where that is known. Rejects where there is none within `timeoutMs`, and with a TypeError
 * where it is no text; neither says anything of what was given, which may be a secret.
 */
export const nextToken = async ({ token, clock, timeoutMs, ends }: Asking): Promise<Token | undefined> => {
  if (!token) return undefined
  let timer: unknown
  const stop = () => clock.clearTimeout(timer as never)
  // A client that is closed leaves no timer: it would keep a process alive.
  ends?.add(stop)
  const late = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => reject(new Error(`connect: token() gave nothing in ${timeoutMs} ms.`)), timeoutMs)
  })
  try {
    return tokenOf(await Promise.race([token(), late]))
  } finally {
    ends?.delete(stop)
    stop()
  }
}

const tokenOf = (given: unknown): Token => {
  const { token, expiresAt = Number.POSITIVE_INFINITY } = typeof given === 'string' ? { token: given } : Object(given)
  if (typeof token === 'string') return { token, expiresAt }
  const what = Object(given) === given ? `an object whose token is ${kindOf(token)}` : kindOf(given)
  throw new TypeError(`connect: token() gives a text, or { token, expiresAt } with a text, and not ${what}.`)
}

const kindOf = (value: unknown) => (value === null ? 'null' : typeof value)

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
