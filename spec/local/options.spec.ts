import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type LocalOptions, localGateway } from 'ws-interlock/local'
import { knock, ok } from '../kit/local.ts'

const test = suite('local options that go together')

const authorizer = async () => ({
  principalId: 'me',
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: '*' }],
  },
})

const refusals: readonly (readonly [what: string, options: LocalOptions, sentence: string])[] = [
  [
    'an identitySource without an authorizer',
    { identitySource: 'route.request.header.Auth' },
    'localGateway: identitySource is where an authorizer looks, and there is no authorizer.',
  ],
  [
    'several of them without an authorizer',
    { identitySource: ['route.request.header.Auth', 'route.request.querystring.token'] },
    'localGateway: identitySource is where an authorizer looks, and there is no authorizer.',
  ],
  [
    'an authorizer without a $connect route',
    { authorizer, routes: ['$default', '$disconnect'] },
    "localGateway: authorizer belongs to the route '$connect', which is not in routes.",
  ],
]
for (const [what, options, sentence] of refusals)
  test(`${what} is refused in a sentence`, async () => {
    const error = await localGateway(ok, options).then(
      ({ close }) => close(),
      (thrown: unknown) => thrown,
    )
    assert.instance(error, TypeError)
    assert.is(Object(error).message, sentence)
  })

test('an authorizer beside $connect, with or without an identitySource, is taken', async () => {
  for (const identitySource of [undefined, [], 'route.request.header.Auth'] as const) {
    const { url, close } = await localGateway(ok, { authorizer, ...(identitySource && { identitySource }) })
    const { status, socket } = await knock(url, { Auth: 'x' })
    assert.is(status, 101)
    socket?.destroy()
    await close()
  }
})

test.run()
