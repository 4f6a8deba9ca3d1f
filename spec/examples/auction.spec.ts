import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { type LocalGateway, localGateway } from 'ws-interlock/local'
import { hammer, handler } from '../../examples/auction/server.ts'
import { peer } from '../kit/peer.ts'

const test = suite<{ gateway: LocalGateway }>('examples/auction')

test.before.each(async (context) => {
  context.gateway = await localGateway(handler)
})
test.after.each(({ gateway }) => gateway.close())

const enter = async ({ url }: LocalGateway, name: string, lot: string) => {
  const one = await peer(`${url}?name=${name}`)
  await one.ask('enter', { lot })
  return one
}

test('a bid before a lot is entered is refused', async ({ gateway }) => {
  const ann = await peer(`${gateway.url}?name=ann`)
  is((await ann.ask('bid', { amount: 100 })).error?.message, "'bid' is not allowed in 'watching'. Allowed: enter.")
})

test('of two bids that one bidder sends at once, one counts', async ({ gateway }) => {
  const ann = await enter(gateway, 'ann', 'vase')
  const answers = await Promise.all([ann.ask('bid', { amount: 100 }), ann.ask('bid', { amount: 120 })])
  equal(
    answers.flatMap(({ error }) => (error ? [error.message] : [])),
    ['You lead already.'],
  )
})

test('of bids that many send at once, the highest leads, and everybody hears it', async ({ gateway }) => {
  const names = ['ann', 'bob', 'cyd', 'dee']
  const bidders = await Promise.all(names.map((name) => enter(gateway, name, 'lamp')))
  await Promise.all(bidders.map((bidder, at) => bidder.ask('bid', { amount: 100 + at })))
  const late = await enter(gateway, 'eve', 'lamp')
  is((await late.ask('bid', { amount: 103 })).error?.message, 'Bid more than 103.')
  is((await late.ask('bid', { amount: 104 })).error, undefined)
  equal(await late.pushed('price'), { lot: 'lamp', price: 104, leader: 'eve' })
})

test('after the hammer nobody bids, and another lot can be entered', async ({ gateway }) => {
  const ann = await enter(gateway, 'ann', 'clock')
  const bob = await enter(gateway, 'bob', 'clock')
  await ann.ask('bid', { amount: 100 })
  await hammer('clock')
  equal(await bob.pushed('sold'), { lot: 'clock', price: 100, leader: 'ann' })
  equal((await bob.ask('bid', { amount: 200 })).error?.details, { state: 'closed', allowed: ['enter'] })
  is((await bob.ask('enter', { lot: 'clock' })).error?.message, "'clock' is sold.")
  equal((await bob.ask('enter', { lot: 'chair' })).data, { price: 0, leader: null })
  is((await bob.ask('bid', { amount: 1 })).error, undefined)
})

test('no peer can bring the hammer down', async ({ gateway }) => {
  const ann = await enter(gateway, 'ann', 'pen')
  is((await ann.ask('hammer')).error?.code, 'UNIMPLEMENTED')
})

test.run()
