import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { blobCases, noteCases, shardCases, storeCases } from 'ws-interlock/store/conformance'
import { redis } from 'ws-interlock/store/redis'
import { needs } from '../kit/needs.ts'
import { CLUSTER_CLIENTS, redisOf, startRedisCluster } from '../kit/redis.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('redis store on a cluster')
const onRedis = needs(test, 'redis-server')
const { server, client, end } = redisOf(startRedisCluster, CLUSTER_CLIENTS)
test.after(end)

onRedis('the cluster refuses whatever reaches two hash slots', async () => {
  const { command } = await server()
  assert.match(String(await rejection(command('DEL', '{a}', '{b}'))), 'CROSSSLOT')
  assert.match(String(await rejection(command('EVAL', 'return 1', '2', '{a}', '{b}'))), 'CROSSSLOT')
})

const cases = [...storeCases, ...noteCases, ...shardCases, ...blobCases]

for (const name of Object.keys(CLUSTER_CLIENTS)) {
  for (const { claim, check } of cases) onRedis(`${name}: ${claim}`, async () => check(redis(await client(name))))

  onRedis(`${name}: with a prefix too, and all at once`, async () => {
    const shared = redis(await client(name), { prefix: 'chat:' })
    await Promise.all(cases.map(({ check }) => check(shared)))
  })
}

test.run()
