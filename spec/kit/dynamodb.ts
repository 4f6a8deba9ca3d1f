import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { type AddressInfo, connect, createServer as createNetServer, Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'uvu'
import { tableDefinition } from 'ws-interlock/store/dynamodb'
import { caller } from '../../lib/aws/call.ts'
import { has, needsThat } from './needs.ts'

/** Where a DynamoDB answers: `http://127.0.0.1:PORT`. It ends with this process, and does not keep it. */
export interface Dynamodb {
  readonly endpoint: string
}

const HOST = '127.0.0.1'
/** `.ci/run` puts it there. */
const HOME = resolve(import.meta.dirname, '../../.cache/dynamodb-local')
const JAR = 'DynamoDBLocal.jar'

export const hasDynamodbLocal = (): boolean => has('java') && existsSync(join(HOME, JAR))

/** For a spec that needs DynamoDB Local: `java`, and the jar. */
export const needsDynamodbLocal = (test: Test) =>
  needsThat(test, hasDynamodbLocal(), 'DynamoDB Local, which .ci/run installs')

let local: Promise<Dynamodb> | undefined
/** DynamoDB Local, one for all specs of this process. */
export const dynamodbLocal = (): Promise<Dynamodb> => {
  local ??= startLocal()
  return local
}

const startLocal = async (): Promise<Dynamodb> => {
  const port = await freePort()
  const libraries = `-Djava.library.path=${join(HOME, 'DynamoDBLocal_lib')}`
  const args = [libraries, '-jar', JAR, '-inMemory', '-sharedDb', '-disableTelemetry', '-port', `${port}`]
  // The shell waits on its input, which ends with this process, however it ends.
  const script = 'java "$@" </dev/null >/dev/null 2>&1 & read -r _; kill $!'
  const child = spawn('sh', ['-c', script, 'dynamodb-local', ...args], {
    cwd: HOME,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.unref()
  if (child.stdin instanceof Socket) child.stdin.unref()
  for (let tries = 0; !(await listens(port)); tries++) {
    if (tries === 600) throw new Error('DynamoDB Local has not come up within a minute.')
    await pause(100)
  }
  return { endpoint: `http://${HOST}:${port}` }
}

/** Dynalite: DynamoDB in JavaScript, without transactions, and without the item that a condition met. */
export const dynalite = async (): Promise<Dynamodb> => {
  // It has no types.
  const make: (options: { readonly createTableMs: number }) => Server = createRequire(import.meta.url)('dynalite')
  return { endpoint: await listening(make({ createTableMs: 0 })) }
}

let tables = 0
/** Make a table of one's own. Resolves with its name when it is there. */
export const createTable = async (endpoint: string): Promise<string> => {
  const TableName = `table-${process.pid}-${tables++}`
  const { status, body } = await ask(endpoint, 'CreateTable', { TableName, ...tableDefinition })
  if (status !== 200) throw new Error(body)
  for (;;) {
    const described = await ask(endpoint, 'DescribeTable', { TableName })
    if (described.body.includes('"ACTIVE"')) return TableName
    await pause(5)
  }
}

/** One request, past the library: `ask(endpoint, 'PutItem', { TableName, Item })`. */
export const ask = (endpoint: string, operation: string, input: object) =>
  caller({ endpoint, service: 'dynamodb', env: {} })({
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `DynamoDB_20120810.${operation}` },
    body: JSON.stringify(input),
  })

/**
 * What happens to one request on its way: it arrives and is answered; it is done and its answer is lost; it never
 * arrives; nobody says anything; or it is answered by somebody else.
 */
export type Way = 'through' | 'unanswered' | 'lost' | 'hang' | { readonly status: number; readonly body: string }

/** An error as DynamoDB writes it. */
export const refusal = (type: string, message = '', more: object = {}, status = 400): Way => ({
  status,
  body: JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, ...more }),
})

/** A road to a DynamoDB with faults of one's choice. `seen` are the operations that set out, in order. */
export interface Road extends Dynamodb {
  readonly seen: readonly string[]
}

/** Lay a road to `endpoint`. `way` decides what each request meets, by its operation and its place in the order. */
export const road = async (
  endpoint: string,
  way: (operation: string, index: number) => Way | Promise<Way> = () => 'through',
): Promise<Road> => {
  const seen: string[] = []
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '')
    const body = await bodyOf(request)
    const meets = await way(operation, seen.push(operation) - 1)
    if (meets === 'hang') return
    if (meets === 'lost') return request.socket.destroy()
    if (typeof meets === 'object') return end(response, meets.status, meets.body)
    const reply = await ask(endpoint, operation, JSON.parse(body))
    if (meets === 'unanswered') return request.socket.destroy()
    end(response, reply.status, reply.body)
  })
  return { endpoint: await listening(server), seen }
}

const end = (response: ServerResponse, status: number, body: string) =>
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body)

const bodyOf = async (request: IncomingMessage) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

const listening = async (server: Server) => {
  server.on('connection', (socket) => socket.unref()).unref()
  server.listen(0, HOST)
  await once(server, 'listening')
  return `http://${HOST}:${(server.address() as AddressInfo).port}`
}

const freePort = async () => {
  const server = createNetServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, HOST)
    const settle = (there: boolean) => () => {
      socket.destroy()
      resolve(there)
    }
    socket.once('connect', settle(true)).once('error', settle(false))
  })
