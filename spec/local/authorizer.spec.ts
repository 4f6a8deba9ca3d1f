import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { ws } from 'ws-interlock'
import { type AuthorizerEvent, authorizer } from 'ws-interlock/guard'
import { type LocalOptions, localGateway } from 'ws-interlock/local'
import { closeAll, connect, fakeClock, knock, local, signal } from '../kit/local.ts'

const test = suite('local $connect behind an authorizer')
test.after.each(closeAll)

const Member = v.object({ principalId: v.string(), tenant: v.string(), admin: v.boolean(), seats: v.number() })
const auth = authorizer(Member, async ({ query, headers, allow, deny, unauthorized }) => {
  const token = query.get('token') ?? headers.get('x-token')
  if (token === 'banned') return deny()
  return token === 'let-me-in' ? allow('ann', { tenant: 'acme', admin: false, seats: 3 }) : unauthorized()
})

test('a peer that the authorizer lets in connects, and each event of it carries what the authorizer said, as text', async () => {
  const gateway = await local(undefined, { authorizer: auth })
  const client = await connect(`${gateway.url}?token=let-me-in`)
  client.send({ action: 'hi' })
  const said = { principalId: 'ann', tenant: 'acme', admin: 'false', seats: '3' }
  assert.equal((await gateway.next('CONNECT')).requestContext.authorizer, said)
  assert.equal((await gateway.next('MESSAGE')).requestContext.authorizer, said)
  client.socket.close()
  assert.equal((await gateway.next('DISCONNECT')).requestContext.authorizer, said)
})

test('the schema of the authorizer gives an application back what was said', async () => {
  const app = ws()
    .authorizer(auth.context)
    .on('who', ({ authorizer: { principalId, admin, seats } }) => ({ principalId, admin, left: seats - 1 }))
    .build()
  const gateway = await localGateway(app, { authorizer: auth })
  const client = await connect(`${gateway.url}?token=let-me-in`)
  client.send({ action: 'who', id: '1' })
  assert.equal(JSON.parse(await client.next()).data, { principalId: 'ann', admin: false, left: 2 })
  client.socket.terminate()
  await gateway.close()
})

const good = { principalId: 'me', policyDocument: { Version: '2012-10-17', Statement: [] } }
const silent = async () => good
for (const [name, status, query, options] of [
  ['a peer that shows nothing', 401, '', { authorizer: auth }],
  ['a peer that is denied', 403, '?token=banned', { authorizer: auth }],
  ['a policy that says nothing of $connect', 403, '', { authorizer: silent }],
  ['an authorizer that throws', 500, '', { authorizer: () => Promise.reject(new Error('no keys')) }],
  ['an authorizer that answers for $connect', 500, '', { authorizer: async () => ({ statusCode: 200 }) }],
  ['a source of identity that is absent', 401, '', { authorizer: silent, identitySource: 'route.request.header.Auth' }],
] as const satisfies readonly (readonly [string, number, string, LocalOptions])[])
  test(`${name} is ${status}, and neither $connect nor $disconnect runs`, async () => {
    const gateway = await local(undefined, options)
    const answer = await knock(`${gateway.url}${query}`)
    assert.is(answer.status, status)
    assert.not.match(answer.body, 'no keys')
    await gateway.close()
    assert.equal(gateway.events, [])
  })

test('headers are found in any case', async () => {
  const gateway = await local(undefined, { authorizer: auth, identitySource: ['route.request.header.X-Token'] })
  const answer = await knock(gateway.url, { 'x-TOKEN': 'let-me-in' })
  assert.is(answer.status, 101)
  answer.socket?.destroy()
})

test('an authorizer is asked about the connection that $connect is then told of', async () => {
  const asked: AuthorizerEvent[] = []
  const gateway = await local(undefined, {
    authorizer: (event) => {
      asked.push(event)
      return auth(event)
    },
  })
  const client = await connect(`${gateway.url}?token=let-me-in`)
  const { requestContext, ...rest } = await gateway.next('CONNECT')
  assert.is(asked.length, 1)
  assert.is(asked[0]?.requestContext.connectionId, requestContext.connectionId)
  assert.is(asked[0]?.headers.Upgrade, 'websocket')
  assert.not('Upgrade' in (('headers' in rest && rest.headers) || {}))
  client.socket.terminate()
})

test('an authorizer that answers through its callback is understood', async () => {
  const { url } = await local(undefined, {
    authorizer: (_: AuthorizerEvent, __: object, callback: (error?: unknown) => void) => callback('Unauthorized'),
  })
  assert.is((await knock(url)).status, 401)
})

test('an authorizer that takes longer than the integration timeout is 500', async () => {
  const clock = fakeClock()
  const asked = signal()
  const release = signal()
  const gateway = await local(undefined, {
    clock,
    authorizer: async () => {
      asked.resolve()
      await release.promise
      return good
    },
  })
  const knocking = knock(gateway.url)
  await asked.promise
  clock.advance(29_000)
  assert.is((await knocking).status, 500)
  release.resolve()
})

for (const [options, sentence] of [
  [{ authorizer: 'auth' }, 'authorizer must be a function'],
  [{ authorizer: auth, identitySource: 'querystring.token' }, 'identitySource must be as AWS writes it'],
  [{ authorizer: auth, identitySource: ['route.request.header.'] }, 'identitySource must be as AWS writes it'],
] as const)
  test(`the gateway does not start with ${JSON.stringify(options)}`, async () => {
    const failed = await local(undefined, options as LocalOptions).catch((error: unknown) => error)
    assert.instance(failed, TypeError)
    assert.match((failed as TypeError).message, sentence)
  })

test.run()
