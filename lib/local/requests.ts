import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from './gate.ts'
import { headersFor, type ManagementAnswer, manage, namedConnection, refusal } from './management.ts'
import { HANDSHAKE, LIMITS } from './rules.ts'
import { MANAGEMENT } from './rules-connections.ts'
import { verifySignature } from './verify.ts'
import { placeOf, split } from './who.ts'

/** Answer a plain HTTP request: `@connections`, the page, or why there is nothing here. */
export const answerRequest = async (gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { page } = gate.settings
  const place = placeOf(request, gate.settings)
  const id = place && namedConnection(place.rest)
  if (id !== undefined) return write(response, await called(gate, id, request))
  request.resume()
  if (page !== undefined && split(request).path === '/' && request.method === 'GET') return sendPage(page, response)
  if (gate.inspector?.handle(request, response)) return
  if (place?.rest !== '') return write(response, refusal(MANAGEMENT.forbidden.value))
  response.writeHead(HANDSHAKE.noUpgrade.value, { Connection: 'Upgrade', Upgrade: 'websocket' }).end()
}

const called = async (gate: Gate, id: string, request: IncomingMessage): Promise<ManagementAnswer> => {
  const { method = '' } = request
  // All of the body is read before the connection is looked up: it may be gone by then.
  const body = await readBody(request)
  const refused = verified(gate, request, body)
  if (!refused) return manage(gate, { method, id, body: body?.toString() })
  const { reason, ...said } = refused
  const at = gate.settings.clock.now()
  gate.feed.tell(() => ({ kind: 'refused', at, connectionId: id, status: said.status, reason }))
  return refusal(said)
}

const verified = ({ settings: { verifySignature: wanted, clock } }: Gate, request: IncomingMessage, body?: Buffer) => {
  // What is too large is refused for that, and its signature cannot be checked.
  if (!wanted || !body) return undefined
  const { method = '', url = '', headers } = request
  const { region, credentials } =
    wanted === true ? callerOf(process.env) : { region: wanted.region, credentials: wanted }
  return verifySignature({ method, url, headers, body }, { credentials, region, now: clock.now() })
}

/** Who this process is: read at each call, since `.env` files and the like come when they come. */
const callerOf = ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...env
}: NodeJS.ProcessEnv) => ({
  region: env.AWS_REGION,
  credentials:
    accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN } : undefined,
})

const write = (response: ServerResponse, answer: ManagementAnswer) => {
  response.writeHead(answer.status, headersFor(answer)).end(answer.body)
}

// What is over the limit is read to its end and dropped: a client that still writes would not read the answer.
const readBody = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes <= LIMITS.messageBytes.value) chunks.push(chunk)
  }
  return bytes > LIMITS.messageBytes.value ? undefined : Buffer.concat(chunks)
}

// Read at each request, so that an edit shows on reload.
const sendPage = async (page: string, response: ServerResponse) => {
  try {
    const html = await readFile(page)
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' }).end(html)
  } catch {
    response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`There is no page at ${page}.`)
  }
}
