import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../../aws/credentials.ts'

/**
 * Why a request may not see the inspector, as a sentence; `undefined` where it may. The log holds tokens and messages,
 * so it is for a browser on this machine, and for the inspector's own page in it.
 */
export const refusalOf = ({ headers, socket }: IncomingMessage): string | undefined => {
  const { host = '', origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = headers
  const from = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (!isLoopback(from.includes(':') ? `[${from}]` : from))
    return 'The inspector shows what clients send, so it answers this machine alone. Open it here, or forward the port.'
  // A name of somebody else's that was made to point here is how a foreign page would read along (DNS rebinding).
  if (!LOOPBACK_HOST.test(host))
    return `The inspector answers at localhost, 127.0.0.1 and [::1], not at '${host}'. Open it there.`
  if (origin !== undefined && origin !== `http://${host}`)
    return `The inspector answers its own page alone, not one of '${origin}'.`
  // What a browser says of a request without an Origin. To follow a link to the page is no harm.
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && mode !== 'navigate')
    return 'The inspector answers its own page alone. Open it in a tab of its own.'
  return undefined
}

const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/** What every answer of the inspector carries. Nothing is for another origin, and nothing of it runs but its own files. */
export const headersFor = ({ headers: { host = '' } }: IncomingMessage): Readonly<Record<string, string>> => ({
  // By name as well: not every browser counts a WebSocket of the same host as 'self'.
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ws://${host}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
})
