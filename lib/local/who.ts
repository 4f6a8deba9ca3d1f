import type { IncomingMessage } from 'node:http'
import { makeId } from '../event/make.ts'
import { domainOf } from './address.ts'
import type { Who } from './connection.ts'
import type { Settings } from './settings.ts'

/** Who asks for a connection. */
export const whoAsks = (request: IncomingMessage, place: Place, settings: Settings): Who => {
  const { clock, host, stage, stageVariables, customDomain, random } = settings
  const { 'user-agent': userAgent } = request.headers
  return {
    connectionId: makeId(random),
    connectedAt: clock.now(),
    stage,
    apiId: 'local',
    // On AWS no port follows. Here it does: without it a handler could not find the endpoint that it posts to.
    domainName: place.isCustomDomain && customDomain ? customDomain.domainName : domainOf(request, host),
    // An IPv4 client of an IPv6 socket is written as ::ffff:127.0.0.1.
    sourceIp: (request.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, ''),
    ...(userAgent !== undefined && { userAgent }),
    ...(stageVariables && Object.keys(stageVariables).length > 0 && { stageVariables }),
  }
}

/** The headers of a handshake as `$connect` sees them, in the client's own case. */
export const headersOf = ({ rawHeaders }: IncomingMessage): Record<string, readonly string[]> => {
  const found = new Map<string, { readonly name: string; readonly values: string[] }>()
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    const known = found.get(name.toLowerCase())
    if (known) known.values.push(value)
    else if (!HIDDEN.includes(name.toLowerCase())) found.set(name.toLowerCase(), { name, values: [value] })
  }
  return Object.fromEntries([...found.values()].map(({ name, values }) => [name, values]))
}

// The first three are in the authorizer's event only; `Host` comes from the domain name.
const HIDDEN = ['connection', 'upgrade', 'content-length', 'host']

/** The path and the query of a request, neither decoded. */
export const split = ({ url = '/' }: IncomingMessage): { readonly path: string; readonly query: string } => {
  const at = url.indexOf('?')
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at) }
}

/** Where in the API a request points. */
export interface Place {
  /** What follows the stage, or the key of the API mapping: nothing, or `/@connections/…`. */
  readonly rest: string
  readonly isCustomDomain: boolean
}

/** `undefined` where there is no API. */
export const placeOf = (
  request: IncomingMessage,
  { stage, customDomain }: Pick<Settings, 'stage' | 'customDomain'>,
): Place | undefined => {
  const { path } = split(request)
  const below = (base: string, isCustomDomain: boolean): Place | undefined =>
    path === base || path.startsWith(`${base}/`)
      ? { rest: path.slice(base.length).replace(/\/$/, ''), isCustomDomain }
      : undefined
  const { domainName, mappingKey = '' } = customDomain ?? {}
  const mapped = domainName === undefined ? undefined : below(mappingKey && `/${mappingKey}`, true)
  // A laptop resolves no custom domain, so its paths are there under any host; under its own host they alone are.
  return hostOf(request) === domainName ? mapped : (below(`/${stage}`, false) ?? mapped)
}

const hostOf = ({ headers: { host = '' } }: IncomingMessage) => host.replace(/:\d+$/, '').toLowerCase()
