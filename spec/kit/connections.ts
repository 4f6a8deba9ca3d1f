import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'

export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'token' }

export interface Seen {
  readonly method: string
  /** As on the request line. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Which connection it came by, counted from 0. */
  readonly socket: number
}

export interface Answer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body?: string
}

export interface Fake {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly origin: string
  readonly seen: readonly Seen[]
}

const OK: Answer = { status: 200 }

/**
 * Run `check` against a local HTTP server that refuses what @smithy/signature-v4 would not have signed.
 *
 * `answer` decides what follows a good signature: an answer, `'hang'` for none, `'reset'` for a connection cut before it, `'torn'` for
 * one cut in its first line and `'cut'` for one cut in its body.
 */
export const withServer = async (
  check: (fake: Fake) => Promise<void>,
  answer: (seen: Seen, index: number) => Answer | 'hang' | 'reset' | 'torn' | 'cut' = () => OK,
) => {
  const seen: Seen[] = []
  const sockets: Socket[] = []
  const server = createServer(async (request, response) => {
    const next: Seen = { ...(await read(request)), socket: sockets.indexOf(request.socket) }
    seen.push(next)
    const said = (await isSigned(next)) ? answer(next, seen.length - 1) : BAD_SIGNATURE
    if (said === 'hang') return
    if (said === 'reset') return request.socket.resetAndDestroy()
    if (said === 'torn') return request.socket.write('HTTP/1.1 2', () => request.socket.destroy())
    if (said === 'cut') {
      response.writeHead(200, { 'content-length': '10' })
      return response.write('half', () => request.socket.destroy())
    }
    response.writeHead(said.status, said.headers).end(said.body)
  })
  server.on('connection', (socket) => sockets.push(socket))
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  try {
    await check({ origin: `http://127.0.0.1:${port}`, seen })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** A port that nobody listens on. */
export const closedPort = async () => {
  let origin = ''
  await withServer(async (fake) => {
    origin = fake.origin
  })
  return origin
}

const BAD_SIGNATURE: Answer = {
  status: 403,
  headers: { 'x-amzn-errortype': 'InvalidSignatureException' },
  body: '{"message":"The request signature we calculated does not match the signature you provided."}',
}

const read = async (request: IncomingMessage) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  return { method: request.method ?? '', path: request.url ?? '', headers, body: Buffer.concat(chunks).toString() }
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+)/

const isSigned = async ({ method, path, headers, body }: Seen) => {
  const [, accessKeyId, region = '', service = '', names = ''] = AUTHORIZATION.exec(headers.authorization ?? '') ?? []
  const time = headers['x-amz-date'] ?? ''
  if (accessKeyId !== CREDENTIALS.accessKeyId || !names.split(';').includes('host')) return false
  const signed = names.split(';')
  const smithy = new SignatureV4({ credentials: CREDENTIALS, region, service, sha256: Sha256, applyChecksum: false })
  const { pathname, searchParams } = new URL(path, 'http://127.0.0.1')
  const expected = await smithy.sign(
    {
      method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      headers: Object.fromEntries(signed.map((name) => [name, headers[name] ?? ''])),
      body,
      protocol: 'http:',
      hostname: '127.0.0.1',
    },
    { signingDate: dateOf(time), signableHeaders: new Set(signed) },
  )
  return expected.headers.authorization === headers.authorization
}

const dateOf = (time: string) =>
  new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
