import { need } from '../mistakes.ts'

/** A client of ioredis or iovalkey, or a cluster of theirs: the two functions of it that are called. */
export interface IoredisClient {
  readonly evalsha: (sha1: string, keyCount: number, ...keysAndArguments: string[]) => Promise<unknown>
  readonly eval: (script: string, keyCount: number, ...keysAndArguments: string[]) => Promise<unknown>
}

/** A client, cluster, pool or sentinel of node-redis: the two functions of it that are called. */
export interface NodeRedisClient {
  readonly evalSha: (sha1: string, options: ScriptInput) => Promise<unknown>
  readonly eval: (script: string, options: ScriptInput) => Promise<unknown>
}

export type RedisClient = IoredisClient | NodeRedisClient

interface ScriptInput {
  keys: string[]
  arguments: string[]
}

/** Run a Lua script on the primary of its keys, which are all of one hash slot. */
export type RunScript = (script: string, keys: readonly string[], ...args: readonly string[]) => Promise<unknown>

/**
 * Run scripts with whichever client is given. Only the hash of a script travels, and the whole script where a server
 * does not know it: a new one, one that was restarted, another node of a cluster.
 *
 * A script goes to a primary even where a client reads from replicas: a replica may be behind.
 *
 * Throws a TypeError where the client is none of those that are known. The function rejects with what the client rejects
 * with, and with an Error after `timeoutMs`: some clients wait for a lost server for ever.
 */
export const scripts = (client: RedisClient, timeoutMs: number): RunScript => {
  const call = callOf(client)
  const hashes = new Map<string, string>()
  const hashOf = (script: string) => {
    const hash = hashes.get(script) ?? process.getBuiltinModule('node:crypto').hash('sha1', script)
    hashes.set(script, hash)
    return hash
  }
  const run: RunScript = async (script, keys, ...args) => {
    try {
      return await call.byHash(hashOf(script), keys, args)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return call.whole(script, keys, args)
    }
  }
  return (script, keys, ...args) => within(timeoutMs, run(script, keys, ...args))
}

type Call = (script: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>

const callOf = (client: RedisClient): { readonly byHash: Call; readonly whole: Call } => {
  need(
    (isIoredis(client) || isNodeRedis(client)) && typeof client.eval === 'function',
    'A client of ioredis, iovalkey or redis (node-redis)',
    'redis(): new Redis(url), or createClient({ url }) after its connect()',
  )
  if (isIoredis(client))
    return {
      byHash: (hash, keys, args) => client.evalsha(hash, keys.length, ...keys, ...args),
      whole: (script, keys, args) => client.eval(script, keys.length, ...keys, ...args),
    }
  return {
    byHash: (hash, keys, args) => client.evalSha(hash, { keys: [...keys], arguments: [...args] }),
    whole: (script, keys, args) => client.eval(script, { keys: [...keys], arguments: [...args] }),
  }
}

const isIoredis = (client: RedisClient): client is IoredisClient => typeof Object(client).evalsha === 'function'
const isNodeRedis = (client: RedisClient): client is NodeRedisClient => typeof Object(client).evalSha === 'function'

/** Redis's own word for a script that it was not given yet. */
const isUnknownScript = (error: unknown) => error instanceof Error && error.message.startsWith('NOSCRIPT')

const within = async <Value>(timeoutMs: number, answer: Promise<Value>): Promise<Value> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`Redis did not answer within ${timeoutMs} ms. What was asked may still be carried out.`)
    timer = setTimeout(() => reject(error), timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
