import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, type Codec, reject, ws } from 'ws-interlock'
import { HandshakeError, testGateway } from 'ws-interlock/testing'
import { json } from '../../lib/wire/json.ts'
import { peer, wire } from '../kit/wire.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('the subprotocol of a codec')

const small: Codec = { ...json(), subprotocol: 'ws-interlock.small' }

/** An application that chooses what the query says. */
const choosing = (codec?: Codec) => {
  const asked: string[] = []
  const app = ws({ ...(codec && { codec }), warn: () => {} })
    .onConnect(({ query, connection }) => {
      asked.push(connection.id)
      const subprotocol = query.get('choose')
      if (query.has('no')) return reject(403, 'Not you.')
      return accept(subprotocol === null ? {} : { subprotocol })
    })
    .build()
  return { gateway: testGateway(app), asked }
}

test('whoever offers it gets it, at whatever place it stands', async () => {
  const { gateway } = choosing(small)
  const chosen = async (...subprotocols: string[]) => (await gateway.connect({ subprotocols })).subprotocol
  assert.is(await chosen('ws-interlock.small'), 'ws-interlock.small')
  assert.is(await chosen('v1', 'ws-interlock.small', 'bearer.abc'), 'ws-interlock.small')
  assert.is(await chosen(), undefined)
  await gateway.close()
})

test('that of json() is ws-interlock, and one that is not offered is not chosen', async () => {
  const { gateway } = choosing()
  const chosen = async (...subprotocols: string[]) => (await gateway.connect({ subprotocols })).subprotocol
  assert.is(await chosen('ws-interlock', 'bearer.abc'), 'ws-interlock')
  assert.is(await chosen('v1'), undefined)
  await gateway.close()
})

test('what onConnect chooses comes first, and a peer that it refuses is refused', async () => {
  const { gateway } = choosing(small)
  const subprotocols = ['v1', 'ws-interlock.small']
  assert.is((await gateway.connect({ subprotocols, query: '?choose=v1' })).subprotocol, 'v1')
  assert.is(Object(await rejection(gateway.connect({ subprotocols, query: '?no' }))).status, 403)
  await gateway.close()
})

test('a client that does not offer what is required is turned away before anybody is asked', async () => {
  const { gateway, asked } = choosing({ ...small, required: true })
  for (const subprotocols of [[], ['ws-interlock'], ['ws-interlock.small.er']]) {
    const error = await rejection(gateway.connect({ subprotocols }))
    assert.instance(error, HandshakeError)
    assert.is(Object(error).status, 400)
  }
  assert.equal(asked, [])
  assert.is((await gateway.connect({ subprotocols: ['ws-interlock.small'] })).subprotocol, 'ws-interlock.small')
  assert.is(asked.length, 1)
  await gateway.close()
})

test('what turns it away says what to offer, and leaves nothing behind', async () => {
  const net = wire()
  const errors: unknown[] = []
  const app = ws({ gateway: net.gateway, codec: { ...small, required: true } })
    .onConnect(() => accept())
    .onError((error) => void errors.push(error))
    .build()
  assert.equal(await peer(app, net).connect(), {
    statusCode: 400,
    body: "This API speaks 'ws-interlock.small'. Offer it as a subprotocol: new WebSocket(url, ['ws-interlock.small']).",
  })
  assert.equal(errors, [])
})

test.run()
