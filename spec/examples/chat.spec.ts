import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { type LocalGateway, localGateway } from 'ws-interlock/local'
import { handler } from '../../examples/chat/server.ts'
import { knock } from '../kit/local.ts'
import { peer } from '../kit/peer.ts'

const test = suite<{ gateway: LocalGateway }>('examples/chat')

test.before.each(async (context) => {
  context.gateway = await localGateway(handler)
})
test.after.each(({ gateway }) => gateway.close())

const enter = async ({ url }: LocalGateway, name: string, room: string) => {
  const one = await peer(`${url}?name=${name}`)
  await one.ask('auth', { token: 'let-me-in' })
  await one.ask('join', { room })
  await one.pushed('joined')
  return one
}

test('two who joined a room hear each other, and who comes and goes', async ({ gateway }) => {
  const ann = await enter(gateway, 'ann', 'tea')
  const bob = await enter(gateway, 'bob', 'tea')
  equal(await ann.pushed('joined'), { room: 'tea', name: 'bob' })
  equal(await ann.ask('send', { room: 'tea', text: 'hello' }), { action: 'send', id: '3' })
  const message = { room: 'tea', text: 'hello', from: 'ann' }
  equal(await ann.pushed('message'), message)
  equal(await bob.pushed('message'), message)
  bob.close()
  equal(await ann.pushed('left'), { room: 'tea', name: 'bob' })
})

test('join before auth is refused with a sentence, and works after it', async ({ gateway }) => {
  const ann = await peer(`${gateway.url}?name=ann`)
  equal((await ann.ask('join', { room: 'tea' })).error, {
    code: 'FAILED_PRECONDITION',
    message: "'join' is not allowed in 'anonymous'. Allowed: auth.",
    details: { state: 'anonymous', allowed: ['auth'] },
  })
  is((await ann.ask('auth', { token: 'let-me-in' })).error, undefined)
  is((await ann.ask('join', { room: 'tea' })).error, undefined)
})

test('a wrong token leaves a peer where it was', async ({ gateway }) => {
  const ann = await peer(`${gateway.url}?name=ann`)
  is((await ann.ask('auth', { token: 'please' })).error?.code, 'UNAUTHENTICATED')
  is((await ann.ask('join', { room: 'tea' })).error?.code, 'FAILED_PRECONDITION')
})

test('nobody speaks in a room that they have not joined', async ({ gateway }) => {
  const ann = await enter(gateway, 'ann', 'tea')
  is((await ann.ask('send', { room: 'coffee', text: 'hello' })).error?.code, 'PERMISSION_DENIED')
})

test('who gives no name is not let in', async ({ gateway }) => {
  is((await knock(gateway.url)).status, 401)
  is((await knock(`${gateway.url}?name=%20`)).status, 401)
})

test.run()
