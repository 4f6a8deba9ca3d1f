import { createConnection } from 'node:net'
import {
  ApiGatewayManagementApiClient,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sign } from '../../lib/aws/sign.ts'
import { management } from '../../lib/gateway/management.ts'
import type { LocalOptions } from '../../lib/local/index.ts'
import { closeAll, connect, local, ok } from '../kit/local.ts'
import { credentials, MINUTE, region } from '../kit/signed.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('local verifySignature, over HTTP')
test.after.each(closeAll)

/** A gateway that asks for signatures, and an open connection. */
const guarded = async (verifySignature: LocalOptions['verifySignature'] = credentials) => {
  const gateway = await local(ok, { verifySignature })
  const client = await connect(gateway.url)
  const { requestContext } = await gateway.next('CONNECT')
  return { ...gateway, client, connectionId: requestContext.connectionId }
}

const sdk = (endpoint: string, given = credentials) =>
  new ApiGatewayManagementApiClient({ endpoint, region, credentials: given, maxAttempts: 1 })

test('over HTTP the official client is let through with the right secret, and refused with a wrong one', async () => {
  const { endpoint, client, connectionId: ConnectionId } = await guarded()
  await sdk(endpoint).send(new PostToConnectionCommand({ ConnectionId, Data: 'hello' }))
  assert.is(await client.next(), 'hello')
  assert.ok((await sdk(endpoint).send(new GetConnectionCommand({ ConnectionId }))).ConnectedAt)
  const wrong = sdk(endpoint, { ...credentials, secretAccessKey: 'wrong' })
  const error = await rejection(wrong.send(new PostToConnectionCommand({ ConnectionId, Data: 'no' })))
  assert.is(Object(error).name, 'InvalidSignatureException')
  assert.equal(client.received.length, 1)
  client.socket.terminate()
})

test('over HTTP our own client is let through, and says what to look at when it is refused', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const gateway = management({ endpoint, region, credentials: async () => credentials })
  assert.equal(await gateway.post(connectionId, 'hello'), { outcome: 'delivered' })
  assert.is(await client.next(), 'hello')
  const wrong = management({
    endpoint,
    region,
    credentials: async () => ({ ...credentials, secretAccessKey: 'wrong' }),
  })
  const refused = await wrong.post(connectionId, 'no')
  assert.is(refused.outcome, 'forbidden')
  assert.match(
    Object(refused).reason,
    /^API Gateway does not accept the signature\. Check the credentials, their region and the clock/,
  )
  client.socket.terminate()
})

test('over HTTP our own client tells a wrong clock from keys that nobody knows', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const say = async (options: { now?: () => number; accessKeyId?: string }) => {
    const { now = Date.now, ...key } = options
    const posted = await management({ endpoint, region, now, credentials: () => ({ ...credentials, ...key }) }).post(
      connectionId,
      'no',
    )
    return posted.outcome === 'forbidden' ? posted.reason : posted.outcome
  }
  assert.match(await say({ now: () => Date.now() - 10 * MINUTE }), 'Check the clock of this machine')
  assert.match(await say({ now: () => Date.now() + 10 * MINUTE }), 'Check the clock of this machine')
  assert.match(await say({ accessKeyId: 'another' }), 'AWS does not know the keys. Check AWS_ACCESS_KEY_ID')
  client.socket.terminate()
})

test('over HTTP a target of odd bytes is refused, and the gateway goes on', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const { host, port, pathname } = new URL(endpoint)
  const headers = sign({ method: 'GET', host, path: pathname }, { credentials, region, service: 'execute-api' })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  for (const odd of ['%', '%zz', '%FF%FE', "?%&=%E9&'=+"]) {
    const head = [`GET ${pathname}/@connections/id${odd} HTTP/1.1`, ...lines, 'Connection: close']
    const answer = await ask(Number(port), `${head.join('\r\n')}\r\n\r\n`)
    assert.match(answer, /^HTTP\/1\.1 403 .*The request signature we calculated does not match/s, odd)
  }
  await sdk(endpoint).send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: 'still here' }))
  assert.is(await client.next(), 'still here')
  client.socket.terminate()
})

/** What is answered to bytes that no HTTP client would send. */
const ask = async (port: number, bytes: string) => {
  const socket = createConnection(port, '127.0.0.1')
  socket.end(Buffer.from(bytes, 'latin1'))
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

test('over HTTP an unsigned call is refused', async () => {
  const { endpoint, client, connectionId } = await guarded()
  const answer = await fetch(`${endpoint}/@connections/${encodeURIComponent(connectionId)}`, {
    method: 'POST',
    body: 'no',
  })
  assert.is(answer.status, 403)
  assert.is(answer.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException')
  assert.equal(await answer.json(), { message: 'Missing Authentication Token' })
  client.socket.terminate()
})

test.run()
