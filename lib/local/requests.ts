import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from './gate.ts'
import { type ManagementAnswer, manage, namedConnection, refusal } from './management.ts'
import { HANDSHAKE, LIMITS, MANAGEMENT } from './rules.ts'
import { placeOf, split } from './who.ts'

/** Answer a plain HTTP request: `@connections`, the page, or why there is nothing here. */
export const answerRequest = async (gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { page } = gate.settings
  const place = placeOf(request, gate.settings)
  const id = place && namedConnection(place.rest)
  if (id !== undefined) return write(response, await called(gate, id, request))
  request.resume()
  if (page !== undefined && split(request).path === '/' && request.method === 'GET') return sendPage(page, response)
  if (place?.rest !== '') return write(response, refusal(MANAGEMENT.forbidden.value))
  response.writeHead(HANDSHAKE.noUpgrade.value, { Connection: 'Upgrade', Upgrade: 'websocket' }).end()
}

const called = async (gate: Gate, id: string, request: IncomingMessage): Promise<ManagementAnswer> => {
  const { method = '' } = request
  // All of the body is read before the connection is looked up: it may be gone by then.
  const body = await readBody(request)
  return manage(gate, { method, id, body: body?.toString() })
}

const write = (response: ServerResponse, { status, headers, body }: ManagementAnswer) => {
  response.writeHead(status, headers).end(body)
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
