import * as v from 'valibot'
import { room } from './ok.ts'
import { bus, connect, publishing, publishTo, route, store, ws } from './ws.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>) => {}

const Order = v.object({ item: v.string(), count: v.pipe(v.string(), v.transform(Number)) })
const Quote = v.object({ price: v.number() })
const Join = v.object({ name: v.string() })
const Say = v.object({ text: v.string() })

// A transform sees what a handler would see.
const shop = ws()
  .extend(() => ({ region: 'eu-west-1' as const }))
  .use(publishing(bus))
  .use(
    publishing(bus, {
      transform: ({ phase }, event) => ({ detailType: event.type, detail: { phase, at: event.time } }),
    }),
  )
  .on(
    'order',
    Order,
    publishTo(bus, ({ region, name, connection }, data, { correlation }) => {
      same<typeof data, { item: string; count: number }>(true)
      same<typeof region, 'eu-west-1'>(true)
      same<typeof name, string>(true)
      same<typeof correlation, string | undefined>(true)
      return { detailType: 'Order', detail: { ...data, by: connection.id } }
    }),
  )
  .on('plain', Order, publishTo(bus))
  .on(
    'both',
    Order,
    publishTo(bus, async ({ data }) => [{ detailType: 'Order', detail: data }]),
  )
  .on('quote', route({ input: Order, reply: Quote }), publishTo(bus, undefined, { later: true }))
  .on(
    'ping',
    publishTo(bus, (_, data) => {
      same<typeof data, undefined>(true)
      return { detailType: 'Ping', detail: {} }
    }),
  )
  .on('more', route({ reply: Quote }), async ({ publish, replyLater }) => {
    const { id } = await publish('more', { a: 1 })
    same<typeof id, string>(true)
    return replyLater()
  })
  .onDefault(publishTo(bus))
  .build()

const client = connect<typeof shop>('wss://x')
const ordered = client.send('order', { item: 'tea', count: '1' })
same<Awaited<typeof ordered>, { readonly id: string; readonly ids?: readonly string[] }>(true)
const quoted = client.send('quote', { item: 'tea', count: '1' })
same<Awaited<typeof quoted>, { price: number }>(true)
const more = client.send('more')
same<Awaited<typeof more>, { price: number }>(true)

export const published = ws()
  .store(store)
  .protocol(room, { internal: ['idle', 'named'] })
  .on(
    'join',
    Join,
    publishTo(bus, ({ snapshot }, { name }) => ({ detailType: 'Join', detail: { name, state: snapshot.value } })),
  )
  .on('say', Say, publishTo(bus))
  .on('leave', publishTo(bus))
  .build()
