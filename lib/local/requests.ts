import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from './gate.ts'
import { fail, manage, namedConnection } from './management.ts'
import { HANDSHAKE, MANAGEMENT } from './rules.ts'
import { split } from './who.ts'

/** Answer a plain HTTP request: `@connections`, the page, or why there is nothing here. */
export const answerRequest = async (gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { stage, page } = gate.settings
  const { path } = split(request)
  const id = namedConnection(path, stage)
  if (id !== undefined) return manage(gate, id, request, response)
  request.resume()
  if (page !== undefined && path === '/' && request.method === 'GET') return sendPage(page, response)
  if (path.replace(/\/$/, '') !== `/${stage}`) return fail(response, MANAGEMENT.forbidden.value)
  response.writeHead(HANDSHAKE.noUpgrade.value, { Connection: 'Upgrade', Upgrade: 'websocket' }).end()
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
