import type { Token } from './options.ts'
import type { Settings } from './settings.ts'

/** Where to go, what to offer there, and the token that it was made with. */
export interface Address {
  readonly url: string
  readonly protocols: string[]
  readonly token?: Token | undefined
}

/** The server answers with a name that was offered, and never with the token. */
export const addressOf = async (settings: Settings): Promise<Address> => {
  const { url, codec, protocols = [], tokenBy = 'subprotocol' } = settings
  const given = await nextToken(settings)
  const to = new URL(url)
  if (given && tokenBy === 'query') to.searchParams.set('token', given.token)
  const bearer = given && tokenBy === 'subprotocol' ? [`bearer.${base64url(given.token)}`] : []
  return { url: to.href, protocols: [codec.subprotocol, ...bearer, ...protocols], token: given }
}

/** The next token, with its end, where that is known. */
export const nextToken = async ({ token }: Settings): Promise<Token | undefined> => {
  const next = await token?.()
  return typeof next === 'string' ? { token: next, expiresAt: Number.POSITIVE_INFINITY } : next
}

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
