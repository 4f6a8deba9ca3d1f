import { type RedisOptions, redisPorts } from '../store/redis.ts'
import type { RedisClient } from '../store/redis-client.ts'
import type { Store } from '../store/store.ts'
import { store } from './store.ts'

export type { RedisOptions } from '../store/redis.ts'
export type { IoredisClient, NodeRedisClient, RedisClient } from '../store/redis-client.ts'

/**
 * Keep connections in Redis or Valkey, through a client of yours: ioredis, iovalkey or redis (node-redis), alone or as a
 * cluster. No command is used that Redis 4 lacks.
 *
 * ```ts
 * import { Redis } from 'ioredis'
 *
 * ws().store(redis(new Redis('redis://127.0.0.1:6379'), { prefix: 'chat:' }))
 * ```
 *
 * - Listen to the client's `error` event: a lost server is told there too, and node-redis ends the process where nobody
 *   listens. A client of node-redis is connected before it is used.
 * - `maxmemory-policy` has to be `noeviction`. Under any other, Redis may drop the record of a connection that is there,
 *   whose next message is told that it is closed. A store cannot see which one is set.
 * - A server that is full, read-only or away makes calls reject. The peer is told UNAVAILABLE where nothing ran, and
 *   UNKNOWN where its handler had run already.
 * - Replication is asynchronous. A failover can lose a write that was acknowledged, and with it a commit. Where that
 *   matters, keep connections in DynamoDB.
 *
 * Throws a TypeError where the client is another one, or an option is not known.
 */
export const redis = (client: RedisClient, options?: RedisOptions): Store => store(redisPorts(client, options))
