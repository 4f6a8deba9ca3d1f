import { Redis } from 'ioredis'
import type { Store } from 'ws-interlock'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { redis } from 'ws-interlock/store/redis'

/** Where connections are kept, in words that fit on a command line. */
export type Place =
  | { readonly kind: 'dynamodb'; readonly endpoint: string; readonly tableName: string }
  | { readonly kind: 'redis'; readonly port: number; readonly prefix: string }

/** Reach a place by a client of one's own, as each instance of a function does. */
export const open = (place: Place): { readonly store: Store; readonly end: () => void } => {
  if (place.kind === 'dynamodb') {
    const { endpoint, tableName } = place
    return { store: dynamodb({ endpoint, tableName }), end: () => {} }
  }
  const client = new Redis(place.port, '127.0.0.1')
  return { store: redis(client, { prefix: place.prefix }), end: () => client.disconnect() }
}
