import { admit, type Knock, type Verdict } from '../local/admit.ts'
import type { Who } from '../local/connection.ts'
import type { Gate } from '../local/gate.ts'
import type { LocalOptions } from '../local/options.ts'
import type { Pace } from './pace.ts'

/** What a client says in its handshake. */
export interface Asking {
  readonly connectionId: string
  /** With its question mark, or empty. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly subprotocols: readonly string[]
  readonly sourceIp: string
}

/** Whose address a client in process has: one that RFC 5737 keeps for examples. */
export const SOURCE_IP = '203.0.113.7'

/** Ask a gateway in process for a connection. */
export const ask = async (
  gate: Gate,
  { look }: Pick<Pace, 'look'>,
  { connectionId, query, headers, subprotocols, sourceIp }: Asking,
): Promise<Verdict> => {
  const { settings } = gate
  const who: Who = {
    connectionId,
    connectedAt: settings.clock.now(),
    stage: settings.stage,
    apiId: 'test',
    domainName: settings.customDomain?.domainName ?? 'test.execute-api.us-east-1.amazonaws.com',
    sourceIp,
    ...variablesOf(settings),
    ...userAgentOf(headers),
  }
  const all = subprotocols.length > 0 ? { ...headers, 'Sec-WebSocket-Protocol': subprotocols.join(', ') } : headers
  const knock: Knock = { who, headers: listed(all), query }
  const asked = gate.tasks.add(admit(gate, knock))
  look()
  return asked
}

const variablesOf = ({ stageVariables }: LocalOptions) =>
  stageVariables && Object.keys(stageVariables).length > 0 ? { stageVariables } : undefined

const userAgentOf = (headers: Readonly<Record<string, string>>) => {
  const [, userAgent] = Object.entries(headers).find(([name]) => name.toLowerCase() === 'user-agent') ?? []
  return userAgent === undefined ? undefined : { userAgent }
}

const listed = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
