import * as v from 'valibot'
import { FailedPreconditionError, reject, route, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { lotTable } from './lots.ts'
import { auctionProtocol } from './protocol.ts'

const LotName = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, 'a lot is 1 to 32 of a-z, 0-9 and -'))
const Bid = v.object({ amount: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)) })
const Standing = { lot: LotName, price: v.number(), leader: v.nullable(v.string()) }

const lots = lotTable()

export const auction = ws()
  .store(memory())
  .pushes({ price: v.object(Standing), sold: v.object(Standing) })
  .protocol(auctionProtocol, {
    internal: ['hammer'],
    input: ({ query }) => ({ name: nameIn(query) }),
  })
  .onConnect(({ query }) => {
    if (!nameIn(query)) return reject(401, 'Say who you are: ?name=')
  })
  .on('enter', v.object({ lot: LotName }), async ({ data, channel, snapshot }) => {
    const lot = await lots.read(data.lot)
    if (!lot.open) throw new FailedPreconditionError(`'${lot.name}' is sold.`)
    if (snapshot.context.lot) await channel(snapshot.context.lot).leave()
    await channel(lot.name).join()
    return { price: lot.price, leader: lot.leader?.name ?? null }
  })
  // Exclusive: the bids of one connection are handled one after another, so that nobody outbids themselves by a double
  // click. Bids of different connections meet at the table.
  .on('bid', route({ input: Bid, exclusive: true }), async ({ data, channel, connection, snapshot }) => {
    const { name, lot } = snapshot.context
    const leads = (await lots.read(lot)).leader?.connectionId === connection.id
    if (leads) throw new FailedPreconditionError('You lead already.')
    const { open, price, leader } = await lots.bid(lot, data.amount, { connectionId: connection.id, name })
    if (!open) throw new FailedPreconditionError(`'${lot}' is sold.`)
    if (leader?.connectionId !== connection.id) throw new FailedPreconditionError(`Bid more than ${price}.`)
    await channel(lot).broadcast('price', { lot, price, leader: name })
  })
  .build()

/** What Lambda runs for the peers. */
export const handler = auction

/** Sell a lot: nobody can bid from here on. Run it from a schedule, a queue, or an auctioneer's tool. */
export const hammer = async (lot: string): Promise<void> => {
  const { price, leader } = await lots.close(lot)
  const { channel, connection } = auction.server
  const told: Promise<void>[] = []
  for await (const id of channel(lot).members()) told.push(connection(id).dispatch({ type: 'hammer' }))
  await Promise.allSettled(told) // who left meanwhile, or heard it before, needs no hammer
  await channel(lot).broadcast('sold', { lot, price, leader: leader?.name ?? null })
}

const nameIn = (query: URLSearchParams) => query.get('name')?.trim().slice(0, 32) ?? ''
