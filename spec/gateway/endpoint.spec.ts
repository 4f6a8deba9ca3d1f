import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { endpointOf } from '../../lib/gateway/management.ts'

const test = suite('gateway/endpoint')

const context = { apiId: 'abc123', stage: 'prod', domainName: 'abc123.execute-api.eu-west-1.amazonaws.com' }
const env = { AWS_REGION: 'eu-west-1' }

test('the endpoint is the hostname of the API in the region of the function', () => {
  assert.is(endpointOf(context, { env }), 'https://abc123.execute-api.eu-west-1.amazonaws.com/prod')
  assert.is(
    endpointOf(context, { env: { AWS_DEFAULT_REGION: 'us-east-1' } }),
    'https://abc123.execute-api.us-east-1.amazonaws.com/prod',
  )
})

test('a custom domain is not used: its path is unknown', () => {
  const custom = { ...context, domainName: 'ws.example.com' }
  assert.is(endpointOf(custom, { env }), 'https://abc123.execute-api.eu-west-1.amazonaws.com/prod')
})

test('China has its own suffix', () => {
  const china = { AWS_REGION: 'cn-north-1' }
  assert.is(endpointOf(context, { env: china }), 'https://abc123.execute-api.cn-north-1.amazonaws.com.cn/prod')
})

test('a loopback domain name is a local gateway', () => {
  for (const domainName of ['127.0.0.1:3001', 'localhost:3001', '[::1]:3001', 'localhost', '[::1]'])
    assert.is(endpointOf({ ...context, domainName }, { env }), `http://${domainName}/prod`)
})

test('a name that merely looks like loopback is not one', () => {
  for (const domainName of ['localhost.example.com', '127.0.0.1.example.com:80'])
    assert.match(endpointOf({ ...context, domainName }, { env }), /^https:\/\/abc123\.execute-api/)
})

test('an override comes first, then the variable, and trailing slashes do not matter', () => {
  const variable = { ...env, AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: 'http://127.0.0.1:4510/prod//' }
  const local = { ...context, domainName: 'localhost:3001' }
  assert.is(endpointOf(local, { env: variable }), 'http://127.0.0.1:4510/prod')
  assert.is(endpointOf(local, { override: 'https://ws.example.com/', env: variable }), 'https://ws.example.com')
})

test('without a region it fails and says what to set', () => {
  assert.throws(
    () => endpointOf({ ...context, domainName: 'ws.example.com' }, { env: {} }),
    /AWS_REGION is not set\. .*pass `endpoint`: https:\/\/abc123\.execute-api\.REGION\.amazonaws\.com\/prod$/,
  )
})

test.run()
