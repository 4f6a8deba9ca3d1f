// biome-ignore-all lint/suspicious/noTemplateCurlyInString: selection expressions are written so.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type LocalOptions, localGateway } from 'ws-interlock/local'
import { testGateway } from 'ws-interlock/testing'
import { OPTION_NAMES } from '../../lib/local/settings.ts'
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
  [
    'a route response of $connect',
    { routeResponse: ['$connect'] },
    "localGateway: routeResponse is for routes of messages, and '$connect' is none.",
  ],
  [
    'a page that is not there',
    { page: 'nope.html' },
    "localGateway: page must be the path of an HTML file that is there, not 'nope.html'.",
  ],
  [
    'a page that is a folder',
    { page: 'spec' },
    "localGateway: page must be the path of an HTML file that is there, not 'spec'.",
  ],
  [
    'an empty secret',
    { verifySignature: { accessKeyId: 'AKID', secretAccessKey: '' } },
    "localGateway: verifySignature must be true, false or { accessKeyId, secretAccessKey, sessionToken?, region? }, not { accessKeyId: 'AKID', secretAccessKey: '' }.",
  ],
  ['options that are a list', [] as LocalOptions, 'localGateway: the options must be an object, not [].'],
  [
    'stage variables that are a list',
    { stageVariables: [] as unknown as Record<string, string> },
    'localGateway: stageVariables must be a record of strings, not [].',
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

/** Selection expressions that no message could be routed by. */
const malformed: readonly (readonly [expression: string, why: string])[] = [
  ['${', "the brace of '${' is not closed"],
  ['${request.body.a', "the brace of '${request.body.a' is not closed"],
  ['${}', "of a message only $request.body is known, and no '${}'"],
  ['$', "after '$' there is no name; a dollar sign by itself is written \\$"],
  ['$request.body.', "the path of '$request.body.' breaks off"],
  ['$request.body[0', "the path of '$request.body[' breaks off"],
  ['$request.body[]', "the path of '$request.body[]' breaks off"],
  ['${request.body.a[0}', "the path of '${request.body.a[0}' breaks off"],
  ['$request.header.x', "of a message only $request.body is known, and no '$request.header.x'"],
  ['$request.querystring.x', "of a message only $request.body is known, and no '$request.querystring.x'"],
  ['$context.stage', "of a message only $request.body is known, and no '$context.stage'"],
  ['$request.bodyx', "of a message only $request.body is known, and no '$request.bodyx'"],
]
const gateways = {
  localGateway: (routeSelectionExpression: string) => localGateway(ok, { routeSelectionExpression }),
  testGateway: async (routeSelectionExpression: string) => testGateway(ok, { routeSelectionExpression }),
}
for (const [expression, why] of malformed)
  test(`the selection expression '${expression}' is refused in a sentence`, async () => {
    for (const [who, open] of Object.entries(gateways)) {
      const error = await open(expression).then(
        ({ close }) => close(),
        (thrown: unknown) => thrown,
      )
      assert.is(
        Object(error).message,
        `${who}: routeSelectionExpression must be a selection expression, such as '$request.body.action' (${why}), not '${expression}'.`,
      )
    }
  })

test('an option that is undefined counts as not given, and so does a member of one', async () => {
  const none = Object.fromEntries(OPTION_NAMES.map((name) => [name, undefined]))
  const nested = {
    customDomain: { domainName: 'ws.example.com', mappingKey: undefined },
    chaos: { seed: 7, delays: undefined, kills: 0 },
    verifySignature: { accessKeyId: 'AKID', secretAccessKey: 'x', sessionToken: undefined, region: undefined },
  }
  for (const options of [none, nested]) {
    const { url, close } = await localGateway(ok, options as LocalOptions)
    const { status, socket } = await knock(url)
    assert.is(status, 101)
    socket?.destroy()
    await close()
  }
})

test.run()
