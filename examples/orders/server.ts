import { EventBridgeClient } from '@aws-sdk/client-eventbridge'
import * as v from 'valibot'
import { accept, publishTo, route, ws } from 'ws-interlock'
import { eventbridge } from 'ws-interlock/publish/eventbridge'
import { memory } from 'ws-interlock/publish/memory'

const { BUS_NAME } = process.env
const bus = eventbridge({ client: new EventBridgeClient(), busName: BUS_NAME ?? 'orders', source: 'shop' })
/** Where events stay on a laptop. On AWS there is the name of a bus. */
export const desk = memory({ like: bus })

const Id = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, 'an order is 1 to 32 of a-z, 0-9 and -'))
const Count = v.pipe(v.number(), v.integer(), v.minValue(1))
const Order = v.object({ order: Id, item: v.string(), quantity: Count, price: v.pipe(v.number(), v.minValue(0)) })
const Accepted = v.object({ order: Id, packages: Count })

/** What a peer may do: order. It is answered when the warehouse accepts, which may be another function: warehouse.ts. */
export const orders = ws()
  .onConnect(() => accept())
  .on(
    'order',
    route({ input: Order, progress: v.object({ state: v.string() }), reply: Accepted }),
    // The event as the billing team wants it: an amount in cents, and whom to ask. The correlation finds the way back.
    publishTo(
      BUS_NAME ? bus : desk,
      ({ connection }, { order, item, quantity, price }, { correlation }) => ({
        detailType: 'OrderPlaced',
        detail: {
          orderId: order,
          lines: [{ item, quantity }],
          amount: { cents: Math.round(quantity * price * 100), currency: 'EUR' },
          placedBy: connection.id,
          correlation,
        },
      }),
      { later: true },
    ),
  )
  .build()

/** What Lambda runs. */
export const handler = orders

/** As much of the event as the warehouse needs. */
const Placed = v.object({ orderId: Id, lines: v.array(v.object({ quantity: Count })), correlation: v.string() })

/** Accept an order: tell whoever placed it. Resolves to `false` when that one is gone. */
export const ship = async (detail: unknown): Promise<boolean> => {
  const { orderId: order, lines, correlation } = v.parse(Placed, detail)
  const { progress, reply } = orders.server
  if (!(await progress(correlation, { state: 'packed' }))) return false
  return reply(correlation, { order, packages: lines.length })
}

/** The warehouse of a laptop: accept an order that waits at the desk. */
export const shipFromDesk = async (order: string): Promise<string> => {
  const at = desk.entries.findIndex(({ detail }) => 'orderId' in detail && detail.orderId === order)
  const [placed] = at < 0 ? [] : desk.entries.splice(at, 1)
  if (!placed) return `No order '${order}' waits.`
  return (await ship(placed.detail)) ? `'${order}' is on its way.` : `Whoever ordered '${order}' is gone.`
}
