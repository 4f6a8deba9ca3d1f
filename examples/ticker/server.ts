import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'

const Ticker = v.pipe(v.string(), v.regex(/^[A-Z]{1,8}$/, 'a symbol is 1 to 8 of A-Z'))
export const Price = v.object({ symbol: Ticker, price: v.number() })

/** What a peer may do: watch a symbol, and stop. Prices come from elsewhere: see feed.ts. */
export const ticker = ws()
  // On AWS: dynamodb({ tableName: 'ticker' }), by which the functions of feed.ts find who watches. For symbols that
  // thousands watch: ws({ fanout: fanout({ client, queueUrl }) }).
  .store(memory())
  .pushes({ price: Price })
  .onConnect(() => accept())
  .on('watch', v.object({ symbol: Ticker }), ({ data, channel }) => channel(data.symbol).join())
  .on('unwatch', v.object({ symbol: Ticker }), ({ data, channel }) => channel(data.symbol).leave())
  .build()

/** What Lambda runs. */
export const handler = ticker
