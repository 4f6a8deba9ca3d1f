import type { Settings } from './settings.ts'

/** Where to go, and what to offer there. The server answers with a name that was offered, and never with the token. */
export const addressOf = (
  { url, tokenBy, protocols, codec }: Settings,
  token: string | undefined,
): [string, string[]] => {
  const to = new URL(url)
  const offered = [codec.subprotocol, ...protocols]
  if (token !== undefined && tokenBy === 'query') to.searchParams.set('token', token)
  if (token !== undefined && tokenBy === 'subprotocol') offered.splice(1, 0, `bearer.${base64url(token)}`)
  return [to.href, offered]
}

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
