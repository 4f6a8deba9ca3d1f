import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { environmentCredentials, environmentRegion, isLoopback, regionOf } from '../../lib/aws/credentials.ts'

const test = suite('aws/credentials')

const HOST = 'abc123.execute-api.eu-west-1.amazonaws.com'

test('the environment is read at each call', async () => {
  const env: Record<string, string> = { AWS_ACCESS_KEY_ID: 'one', AWS_SECRET_ACCESS_KEY: 'secret' }
  const credentials = environmentCredentials(HOST, env)
  assert.equal(await credentials(), { accessKeyId: 'one', secretAccessKey: 'secret', sessionToken: undefined })
  Object.assign(env, { AWS_ACCESS_KEY_ID: 'two', AWS_SESSION_TOKEN: 'token' })
  assert.equal(await credentials(), { accessKeyId: 'two', secretAccessKey: 'secret', sessionToken: 'token' })
})

test('without credentials a loopback endpoint is signed with placeholders', async () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
    assert.ok((await environmentCredentials(host, {})()).accessKeyId, host)
})

test('credentials in the environment are used on a loopback endpoint too', async () => {
  const env = { AWS_ACCESS_KEY_ID: 'one', AWS_SECRET_ACCESS_KEY: 'secret' }
  assert.is((await environmentCredentials('127.0.0.1', env)()).accessKeyId, 'one')
})

test('without credentials any other endpoint fails and says what is missing', () => {
  assert.throws(
    environmentCredentials(HOST, {}),
    /^No AWS credentials for abc123\S+: AWS_ACCESS_KEY_ID or AWS_SECRET_ACCESS_KEY is not set\. Lambda sets it; elsewhere export it\.$/,
  )
  assert.throws(environmentCredentials(HOST, { AWS_ACCESS_KEY_ID: 'one' }), /AWS_SECRET_ACCESS_KEY is not set\./)
})

test('a name that merely starts like a loopback address is not one', () => {
  for (const host of ['127.0.0.1.example.com', 'localhost.example.com', '::1', '128.0.0.1', 'example.com'])
    assert.not.ok(isLoopback(host), host)
})

test('the region is the one in the hostname, whatever the environment says', () => {
  const regions: Record<string, string> = {
    [HOST]: 'eu-west-1',
    'abc123.execute-api.cn-north-1.amazonaws.com.cn': 'cn-north-1',
    'abc123.execute-api.us-gov-west-1.amazonaws.com': 'us-gov-west-1',
    'vpce-1-abc.execute-api.ap-southeast-2.vpce.amazonaws.com': 'ap-southeast-2',
    'dynamodb.us-east-2.amazonaws.com': 'us-east-2',
    'abc123.execute-api.us-west-2.api.aws': 'us-west-2',
  }
  for (const [host, region] of Object.entries(regions)) assert.is(regionOf(host, { AWS_REGION: 'sa-east-1' }), region)
})

test('a hostname without a region takes that of the environment', () => {
  assert.is(regionOf('ws.example.com', { AWS_REGION: 'sa-east-1', AWS_DEFAULT_REGION: 'us-east-1' }), 'sa-east-1')
  assert.is(regionOf('ws.example.com', { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-1' }), 'us-east-1')
  assert.is(environmentRegion({ AWS_REGION: '' }), undefined)
})

test('without a region a loopback endpoint gets some, and any other fails and says what is missing', () => {
  assert.is(regionOf('127.0.0.1', {}), 'us-east-1')
  assert.throws(() => regionOf('ws.example.com', {}), /^No AWS region for ws\.example\.com: .*AWS_REGION is not set/)
})

test.run()
