import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type LocalGateway, localGateway } from 'ws-interlock/local'
import { connect, knock } from '../kit/local.ts'
import { bearer, plain, START } from './kit.ts'

const test = suite('guard: tokens on the local gateway')

const gateways: LocalGateway[] = []
test.after.each(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close()
})

/** A gateway whose clock stands still at the start, as far as the application sees it. */
const opened = async () => {
  const { app, told } = plain()
  const gateway = await localGateway(app)
  gateways.push(gateway)
  return { url: gateway.url, told }
}

test('a client that offers its token behind the wire is let in, and the wire alone is chosen', async () => {
  const { url } = await opened()
  const ann = await connect(url, ['ws-interlock', bearer('ann/300')])
  assert.is(ann.socket.protocol, 'ws-interlock')
  ann.send({ action: 'who', id: '1' })
  assert.equal(JSON.parse(await ann.next()), { action: 'who', id: '1', data: ['ann', START + 300_000, null] })
  ann.send({ action: '$token', id: '2', data: { token: 'ann/600' } })
  assert.equal(JSON.parse(await ann.next()), { action: '$token', id: '2', data: { expiresAt: START + 600_000 } })
  ann.socket.close()
  await ann.closed
})

test('a client without a token, or with a wrong one, reads 401', async () => {
  const { url, told } = await opened()
  const statuses = [
    await knock(url),
    await knock(url, { 'Sec-WebSocket-Protocol': `ws-interlock, ${bearer('forged')}` }),
    await knock(url, { 'Sec-WebSocket-Protocol': 'ws-interlock, bearer.~' }),
    await knock(`${url}?token=forged`),
  ].map(({ status }) => status)
  assert.equal(statuses, [401, 401, 401, 401])
  assert.equal(told.tokens, [])
})

test('the same token in two places is one, and blanks between offers are no part of it', async () => {
  const { url } = await opened()
  const { status, headers, socket } = await knock(`${url}?token=ann`, {
    'Sec-WebSocket-Protocol': `ws-interlock,  ${bearer('ann')}`,
  })
  assert.is(status, 101)
  assert.is(headers['sec-websocket-protocol'], 'ws-interlock')
  socket?.destroy()
})

test.run()
