import { ApiGatewayManagementApiClient, GetConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, knock, local, ok } from '../kit/local.ts'

const test = suite('local gateway, who is let in')
test.after.each(closeAll)

const allow = (Resource: string, context = {}) => ({
  principalId: 'me',
  policyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource }] },
  context,
})

const statusOf = async (returned: object): Promise<number> => {
  const { url, close } = await local(ok, { authorizer: async () => returned })
  const { status, socket } = await knock(url)
  socket?.destroy()
  await close()
  return status
}

test('a result of the authorizer of 8 KB lets in, and of one byte more is 500', async () => {
  const frame = Buffer.byteLength(JSON.stringify(allow('*', { notes: '' })))
  const sized = (bytes: number) => statusOf(allow('*', { notes: 'x'.repeat(bytes - frame) }))
  assert.is(await sized(8_192), 101)
  assert.is(await sized(8_193), 500)
})

test('a policy with wildcards lets in whom they reach', async () => {
  const api = 'arn:aws:execute-api:us-east-1:123456789012:local'
  for (const [resource, status] of [
    [`${api}/*/$connect`, 101],
    [`${api}/d?v/$connect`, 101],
    [`${api}/dev?/$connect`, 403],
    [`${api}/d.v/$connect`, 403],
  ] as const)
    assert.is(await statusOf(allow(resource)), status, resource)
})

test('the authorizer is asked for each connection, the same peer or not', async () => {
  let asked = 0
  const { url } = await local(ok, {
    authorizer: async () => {
      asked++
      return allow('*')
    },
  })
  for (const token of ['a', 'a', 'b']) (await connect(`${url}?token=${token}`)).socket.terminate()
  assert.is(asked, 3)
})

test('stage variables are on each event, and where there are none there is no key', async () => {
  for (const stageVariables of [{ table: 't' }, {}]) {
    const { url, events, next, close } = await local(ok, { stageVariables })
    const client = await connect(url)
    client.send('x')
    await next('MESSAGE')
    client.socket.close()
    await next('DISCONNECT')
    await close()
    const found = events.map((event) => ('stageVariables' in event ? event.stageVariables : 'no key'))
    const wanted = 'table' in stageVariables ? stageVariables : 'no key'
    assert.equal(found, [wanted, wanted, wanted])
  }
})

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

test('a signature that lacks a part is refused with 403 IncompleteSignatureException', async () => {
  const { endpoint } = await local(ok, { verifySignature: credentials })
  const Authorization = 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/execute-api/aws4_request'
  const answer = await fetch(`${endpoint}/@connections/AAAAAAAAAAAAAAA=`, { headers: { Authorization } })
  assert.is(answer.status, 403)
  assert.is(answer.headers.get('x-amzn-errortype'), 'IncompleteSignatureException')
})

test('a signature by keys that nobody knows is refused with 403 UnrecognizedClientException', async () => {
  const { endpoint } = await local(ok, { verifySignature: credentials })
  const sdk = new ApiGatewayManagementApiClient({
    endpoint,
    region: 'us-east-1',
    credentials: { ...credentials, accessKeyId: 'AKIDOTHER' },
    maxAttempts: 1,
  })
  const error = await sdk.send(new GetConnectionCommand({ ConnectionId: 'AAAAAAAAAAAAAAA=' })).catch((thrown) => thrown)
  assert.is(error.name, 'UnrecognizedClientException')
  assert.is(error.$metadata.httpStatusCode, 403)
  sdk.destroy()
})

test.run()
