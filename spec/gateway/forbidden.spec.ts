import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { management } from '../../lib/gateway/management.ts'
import { type Answer, CREDENTIALS, withServer } from '../kit/connections.ts'

const test = suite('gateway/forbidden')

const denied = (resource: string): Answer => ({
  status: 403,
  headers: { 'x-amzn-errortype': 'AccessDeniedException' },
  body: JSON.stringify({
    Message: `User: arn:aws:sts::000000000000:assumed-role/chat is not authorized to perform: execute-api:ManageConnections on resource: ${resource}`,
  }),
})

const reasonFor = async (answer: Answer) => {
  let reason = ''
  await withServer(
    async ({ origin }) => {
      const endpoint = `${origin}/Prod`
      const gateway = management({ endpoint, credentials: () => CREDENTIALS, env: {} })
      const delivery = await gateway.post('id', 'hello')
      assert.is(delivery.outcome, 'forbidden')
      reason = delivery.outcome === 'forbidden' ? delivery.reason.replaceAll(origin, 'ORIGIN') : ''
    },
    () => answer,
  )
  return reason
}

test('a missing permission is named with the resource to allow, its masked account left open', async () => {
  const reason = await reasonFor(
    denied('arn:aws:execute-api:ap-northeast-1:********2314:abc123/Prod/POST/@connections/{connectionId}'),
  )
  assert.match(
    reason,
    'Allow execute-api:ManageConnections on arn:aws:execute-api:ap-northeast-1:*:abc123/Prod/POST/@connections/* (',
  )
  assert.match(reason, 'User: arn:aws:sts::000000000000:assumed-role/chat is not authorized')
})

test('an account that is not masked is kept', async () => {
  const reason = await reasonFor(denied('arn:aws:execute-api:us-east-1:123456789012:abc123/Prod/POST/@connections/id='))
  assert.match(reason, ' on arn:aws:execute-api:us-east-1:123456789012:abc123/Prod/POST/@connections/* (')
})

test('a missing permission of which AWS names no resource is named all the same', async () => {
  const reason = await reasonFor({ status: 403, headers: { 'x-amzn-errortype': 'AccessDeniedException' } })
  assert.match(
    reason,
    'Allow execute-api:ManageConnections on arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/POST/@connections/* (',
  )
})

test('a resource with the stage twice means the endpoint, not the permission', async () => {
  const reason = await reasonFor(
    denied('arn:aws:execute-api:us-east-1:********2314:abc123/prod/POST/prod/@connections/{connectionId}'),
  )
  assert.match(reason, 'The path or the stage of ORIGIN/Prod is wrong')
})

test('a resource with @connections twice means the endpoint, not the permission', async () => {
  const reason = await reasonFor(
    denied(
      'arn:aws:execute-api:eu-west-1:********9001:abc123/staging/POST/@connections/@connections/Bw91Ye3FjoECFKw%3D',
    ),
  )
  assert.match(reason, 'The path or the stage of ORIGIN/Prod is wrong')
})

for (const policy of ['service control policy', 'permissions boundary', 'identity-based policy'])
  test(`an explicit deny names the ${policy} to change, since no permission outweighs it`, async () => {
    const resource = 'arn:aws:execute-api:us-east-1:********8190:abc123/prod/POST/@connections/{connectionId}'
    const reason = await reasonFor(denied(`${resource} with an explicit deny in a ${policy}`))
    assert.match(
      reason,
      `is denied execute-api:ManageConnections, and no permission outweighs that. Change the ${policy}`,
    )
    assert.not.match(reason, 'Allow execute-api')
  })

test('a bare Forbidden means the path or the stage, and the rule of custom domains', async () => {
  const reason = await reasonFor({ status: 403, body: '{"message":"Forbidden"}' })
  assert.match(reason, 'The path or the stage of ORIGIN/Prod is wrong')
  assert.match(reason, 'on a custom domain {stage} is the key of the API mapping')
})

test('a 403 that says nothing is read as a bare Forbidden', async () => {
  assert.match(await reasonFor({ status: 403, body: 'null' }), 'The path or the stage of')
})

test('a lost signature is named', async () => {
  const body = '{"message":"Missing Authentication Token"}'
  assert.match(await reasonFor({ status: 403, body }), 'API Gateway saw no signature')
})

/** What AWS says of a signature, its class, and what our client says to do. */
const COMPLAINTS: readonly (readonly [type: string, message: string, advice: string])[] = [
  [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided.',
    'Check the credentials, their region and the clock',
  ],
  [
    'InvalidSignatureException',
    "Credential should be scoped to a valid region, not 'us-east-1'.",
    'Check the credentials, their region and the clock',
  ],
  [
    'InvalidSignatureException',
    "'Host' must be a 'SignedHeader' in the AWS Authorization.",
    'Check the credentials, their region and the clock',
  ],
  [
    'InvalidSignatureException',
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830'",
    'Check the credentials, their region and the clock',
  ],
  [
    'InvalidSignatureException',
    'Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T124200Z - 5 min.)',
    'Check the clock of this machine',
  ],
  [
    'InvalidSignatureException',
    'Signature not yet current: 20150830T123600Z is still later than 20150830T122500Z (20150830T122000Z + 5 min.)',
    'Check the clock of this machine',
  ],
  [
    'ExpiredTokenException',
    'The security token included in the request is expired',
    'The session token of the credentials has expired. Get new ones',
  ],
  [
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
    'AWS does not know the keys. Check AWS_ACCESS_KEY_ID',
  ],
  [
    'IncompleteSignatureException',
    "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter.",
    'puts another Authorization header in its place',
  ],
  [
    'IncompleteSignatureException',
    "Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): 'x='.",
    'puts another Authorization header in its place',
  ],
]

for (const [type, message, advice] of COMPLAINTS)
  test(`what to do is said where AWS complains of a signature, with the class or without: ${message}`, async () => {
    for (const headers of [{ 'x-amzn-errortype': type }, {}]) {
      const reason = await reasonFor({ status: 403, headers, body: JSON.stringify({ message }) })
      assert.match(reason, 'API Gateway does not accept the signature. ')
      assert.match(reason, advice)
      assert.match(reason, message)
    }
  })

test('what is said of the class alone is enough', async () => {
  for (const [type, advice] of [
    ['ExpiredTokenException', 'has expired'],
    ['UnrecognizedClientException', 'does not know the keys'],
    ['IncompleteSignatureException', 'another Authorization header'],
    ['InvalidSignatureException:http://internal.amazon.com/coral/com.amazon.coral.service/', 'Check the credentials'],
    ['MissingAuthenticationTokenException', 'saw no signature'],
  ] as const)
    assert.match(await reasonFor({ status: 403, headers: { 'x-amzn-errortype': type } }), advice)
})

test('wrong keys are refused by a server that checks them, and the reason says so', async () => {
  await withServer(async ({ origin }) => {
    const credentials = () => ({ ...CREDENTIALS, secretAccessKey: 'another' })
    const { post, info } = management({ endpoint: `${origin}/prod`, credentials, env: {} })
    const delivery = await post('id', 'hello')
    assert.match(delivery.outcome === 'forbidden' ? delivery.reason : '', 'does not accept the signature')
    const message = await info('id').catch(({ message }: Error) => message)
    assert.match(String(message), /^GET to connection 'id' at .* failed: API Gateway does not accept the signature/)
  })
})

test.run()
