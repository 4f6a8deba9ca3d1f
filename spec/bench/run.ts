import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { hasDynamodbLocal } from '../kit/dynamodb.ts'
import { messageCapacities } from './capacity.ts'
import { clientSizes, killFigures, latencyFigures, rolloverFigures } from './client.ts'
import { codecFigures } from './codecs.ts'
import { coldStarts } from './cold.ts'
import type { FanoutCost } from './fanout.ts'
import { echoRates, idleBytes } from './gateway.ts'
import type { InProcess } from './in-process.ts'
import type { Result } from './measure.ts'
import { postMemory, postRates } from './posts.ts'
import type { Signing } from './signing.ts'
import { type AppName, gzippedKiB, importMs, loadedKiB } from './size.ts'
import { taskFigures } from './tasks.ts'
import { typeCosts } from './types.ts'

/** One measured number, and what it may be at most. Without a limit it is there to compare with. */
interface Figure {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly limit?: number
  /** What it must be at least. */
  readonly atLeast?: number
}

const ROOT = resolve(import.meta.dirname, '../..')

const print = (title: string, figures: readonly Figure[]): boolean => {
  console.log(`\n${title}`)
  const isGood = ({ value, limit = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }: Figure) =>
    value <= limit && value >= atLeast
  for (const figure of figures) {
    const { what, value, unit, limit, atLeast } = figure
    const number =
      unit === 'x' || unit === 'ms' || unit === 'KiB' ? value.toFixed(2) : Math.round(value).toLocaleString('en')
    const bounds = [
      ...(limit === undefined ? [] : [`at most ${limit.toLocaleString('en')}`]),
      ...(atLeast === undefined ? [] : [`at least ${atLeast.toLocaleString('en')}`]),
      ...(isGood(figure) ? [] : ['MISSED']),
    ]
    const bound = bounds.length > 0 ? `   ${bounds.join('  ')}` : ''
    console.log(`  ${what.padEnd(64)} ${`${number} ${unit}`.padStart(18)}${bound}`)
  }
  return figures.every(isGood)
}

/** In a process of its own, from a bundle: tsx names every closure, which costs more than what is measured. */
const measured = async <Measured>(name: string, contents: string): Promise<Measured> => {
  const outfile = join(ROOT, `.cache/${name}.mjs`)
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['ws-interlock:source'],
    external: ['@middy/core', '@aws-sdk/client-sqs', 'ws'],
    outfile,
  })
  const { stdout, stderr, status } = spawnSync(process.execPath, [outfile], { encoding: 'utf8', cwd: ROOT })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

const dispatched = () =>
  measured<readonly { readonly count: number; readonly results: readonly Result[] }[]>(
    'dispatch',
    `import { dispatch } from './dispatch.ts'
    const all = []
    for (const count of [10, 100]) all.push({ count, results: await dispatch(count) })
    console.log(JSON.stringify(all))`,
  )

/** What a protocol adds to a message, beside the least that a stored machine costs. */
const protocolFigures = async (): Promise<Figure[]> => {
  const results = await measured<readonly Result[]>(
    'protocol',
    `import { protocolCosts } from './protocol.ts'
    console.log(JSON.stringify(await protocolCosts()))`,
  )
  const [machine = Number.NaN, , , bare = Number.NaN, stays = Number.NaN, changes = Number.NaN] = results.map(
    ({ nanoseconds }) => nanoseconds,
  )
  const over = (ours: number) => (ours - bare) / machine
  // A limit in nanoseconds is one of a machine: of that on which the reference takes this long.
  const atReference = (ours: number) => over(ours) * 7_700
  return [
    ...results.map(({ name, nanoseconds }) => ({ what: name, value: nanoseconds, unit: 'ns' })),
    { what: 'added where the state stays', value: stays - bare, unit: 'ns' },
    {
      what: 'added where the state stays, at the speed of reference',
      value: atReference(stays),
      unit: 'ns',
      limit: 12_000,
    },
    { what: 'added where the state stays, over machine.transition', value: over(stays), unit: 'x', limit: 1.3 },
    { what: 'added where the state changes', value: changes - bare, unit: 'ns' },
    { what: 'added where the state changes, over machine.transition', value: over(changes), unit: 'x' },
  ]
}

const coldFigures = async (): Promise<Figure[]> =>
  (await coldStarts()).flatMap(({ name, milliseconds, ratio, kiB }, index) => [
    { what: name, value: milliseconds, unit: 'ms' },
    { what: `${name}: the bundle`, value: kiB, unit: 'KiB' },
    ...(index === 0
      ? []
      : [{ what: `${name}: over the SDK`, value: ratio, unit: 'x', ...(index === 1 && { limit: 0.5 }) }]),
  ])

const capacityFigures = async (): Promise<Figure[]> =>
  (await messageCapacities()).flatMap(({ call, recordBytes, readUnits, writeUnits }) => [
    { what: `${call}, a record of ${recordBytes} bytes`, value: readUnits, unit: 'RRU' },
    { what: `${call}, a record of ${recordBytes} bytes`, value: writeUnits, unit: 'WRU' },
  ])

/** Ours against the hand-written table; what is built on middy stands beside it. */
const dispatchFigures = async (): Promise<Figure[]> =>
  (await dispatched()).flatMap(({ count, results }) =>
    results.flatMap(({ name, nanoseconds, ratio }, index): Figure[] => [
      { what: `${count} routes: ${name}`, value: nanoseconds, unit: 'ns' },
      ...(index === 0
        ? []
        : [
            {
              what: `${count} routes: ${name}, over the table`,
              value: ratio,
              unit: 'x',
              ...(index === 1 && { limit: 1.5 }),
            },
          ]),
    ]),
  )

const sizeFigures = async (): Promise<Figure[]> => {
  const router: AppName = 'router only'
  const full: AppName = 'protocol and memory store'
  return [
    { what: `${router}: what is loaded at the start`, value: await loadedKiB(router), unit: 'KiB', limit: 8 },
    {
      what: `${router}: in one file, with all that it loads later`,
      value: await gzippedKiB(router),
      unit: 'KiB',
    },
    { what: `${full}: what is loaded at the start`, value: await loadedKiB(full), unit: 'KiB', limit: 19.5 },
    { what: `${full}: in one file, with all that it loads later`, value: await gzippedKiB(full), unit: 'KiB' },
    { what: `${router}: import, over an empty module`, value: await importMs(router), unit: 'ms', limit: 3 },
    { what: `${full}: import, over an empty module`, value: await importMs(full), unit: 'ms' },
  ]
}

/** Through the local gateway, beside a bare server of `ws`. */
const gatewayFigures = async (): Promise<Figure[]> => {
  const { bare, ours, ratio } = await echoRates()
  const [plain, idle] = [await idleBytes('bare', IDLE), await idleBytes('gateway', IDLE)]
  return [
    { what: 'echo, 100 connections: bare ws', value: bare, unit: '/s' },
    { what: 'echo, 100 connections: the local gateway', value: ours, unit: '/s' },
    { what: 'echo, 100 connections: over bare ws', value: ratio, unit: 'x', atLeast: 0.35 },
    { what: `an idle connection of ${IDLE}: bare ws, resident`, value: plain.rss, unit: 'bytes' },
    { what: `an idle connection of ${IDLE}: the local gateway, resident`, value: idle.rss, unit: 'bytes' },
    { what: 'an idle connection: resident, over bare ws', value: idle.rss / plain.rss, unit: 'x', limit: 3 },
    { what: 'an idle connection: heap and buffers, over bare ws', value: idle.used / plain.used, unit: 'x', limit: 3 },
  ]
}

const IDLE = 10_000

/** The chat in process, and at the speed of that machine on which a step of XState and JSON takes 7.7 us. */
const testingFigures = async (): Promise<Figure[]> => {
  const { perSecond, referenceNs } = await measured<InProcess>(
    'in-process',
    `import { inProcessRate } from './in-process.ts'
    console.log(JSON.stringify(await inProcessRate()))`,
  )
  const atReference = (rate: number) => (rate * referenceNs) / 7_700
  return [
    { what: "the chat's sends through testGateway, each answered", value: perSecond, unit: '/s' },
    { what: 'a step of XState and JSON', value: referenceNs, unit: 'ns' },
    { what: 'sends, at the speed of reference', value: atReference(perSecond), unit: '/s' },
    {
      // In a room of two: the send, its answer, and the broadcast to both.
      what: 'messages in and out, at the speed of reference',
      value: 4 * atReference(perSecond),
      unit: '/s',
      atLeast: 20_000,
    },
  ]
}

/** What a broadcast through the queue takes, by size; nothing of it grows faster than the members. */
const fanoutFigures = async (): Promise<Figure[]> => {
  const costs = await measured<readonly FanoutCost[]>(
    'fanout',
    `import { fanoutCosts } from './fanout.ts'
    console.log(JSON.stringify(await fanoutCosts([1_000, 100_000, 1_000_000])))`,
  )
  const [, medium, large] = costs
  const growth = (of: 'sqsRequests' | 'storeReads' | 'jobs' | 'dollars') =>
    (large?.[of] ?? Number.NaN) / (medium?.[of] ?? Number.NaN)
  return [
    ...costs.flatMap(({ members, shards, told, messages, jobs, sqsRequests, storeReads, dollars, milliseconds }) => {
      const whom = `${members.toLocaleString('en')} members in ${shards} shards`
      return [
        { what: `${whom}: told`, value: told, unit: '', atLeast: members, limit: members },
        { what: `${whom}: messages of API Gateway`, value: messages, unit: '', limit: members },
        { what: `${whom}: jobs`, value: jobs, unit: '' },
        { what: `${whom}: requests to SQS`, value: sqsRequests, unit: '' },
        { what: `${whom}: reads of the store`, value: storeReads, unit: '' },
        { what: `${whom}: price, a millionth of a dollar each`, value: dollars * 1e6, unit: '' },
        { what: `${whom}: a worker's time, without the network`, value: milliseconds, unit: 'ms' },
      ]
    }),
    { what: 'from 100,000 to a million members: jobs', value: growth('jobs'), unit: 'x', limit: 10 },
    { what: 'from 100,000 to a million members: requests to SQS', value: growth('sqsRequests'), unit: 'x', limit: 10 },
    {
      what: 'from 100,000 to a million members: reads of the store',
      value: growth('storeReads'),
      unit: 'x',
      limit: 10,
    },
    { what: 'from 100,000 to a million members: price', value: growth('dollars'), unit: 'x', limit: 10.01 },
  ]
}

/** Posts of a broadcast, beside those of the AWS SDK and of a bare undici, unsigned. By CPU: a function pays for that. */
const postFigures = async (): Promise<Figure[]> => {
  const rates = await postRates()
  const faster = (than: number) => (rates[0]?.perSecond ?? 0) / (rates[than]?.perSecond ?? 0)
  const { peak, after } = await postMemory()
  const { signNs, ratio } = await measured<Signing>(
    'signing',
    `import { signing } from './signing.ts'
    console.log(JSON.stringify(await signing()))`,
  )
  return [
    ...rates.flatMap(({ name, perSecond, cpuPerPost }): Figure[] => [
      { what: name, value: perSecond, unit: '/s' },
      { what: `${name}, CPU`, value: cpuPerPost, unit: 'us a post' },
    ]),
    { what: 'ours: posts a second, over the AWS SDK', value: faster(1), unit: 'x', atLeast: 3.5 },
    { what: 'ours: posts a second, over undici', value: faster(2), unit: 'x', atLeast: 0.4 },
    { what: 'ours: posts for the CPU, over the AWS SDK', value: rates[0]?.overSdk ?? 0, unit: 'x', atLeast: 3.5 },
    { what: 'ours: posts for the CPU, over undici', value: rates[0]?.overUndici ?? 0, unit: 'x', atLeast: 0.4 },
    { what: 'a signature', value: signNs, unit: 'ns' },
    { what: 'a signature, at the speed of reference', value: ratio * 7_700, unit: 'ns', limit: 6_000 },
    { what: 'a broadcast to 100,000: resident, at most', value: peak / 2 ** 20, unit: 'MiB', limit: 64 },
    { what: 'a broadcast to 100,000: on the heap, afterwards', value: after / 2 ** 20, unit: 'MiB', limit: 8 },
  ]
}

const passed = [
  print('10,000 posts of 500 B, fifty at a time, clients and server in processes of their own', await postFigures()),
  print('Echo and idle connections, server and client in processes of their own', await gatewayFigures()),
  print('The chat in process (median of 15 rounds)', await testingFigures()),
  print('A broadcast of 500 bytes through the queue, as counted', await fanoutFigures()),
  print('Dispatch of a validated 200-byte message (median of 31 interleaved rounds)', await dispatchFigures()),
  print('A message under a protocol, memory store (median of 31 interleaved rounds)', await protocolFigures()),
  print('DynamoDB: import, construct and first read, in fresh processes (median of 15)', await coldFigures()),
  print('Bundle, minified and gzipped; import in a fresh process (median of 21)', await sizeFigures()),
  print('The client in a bundle for browsers, minified and gzipped', await clientSizes()),
  print('The client changes connections under load, over sockets', await rolloverFigures(measured)),
  print('The client, its connection killed every second', await killFigures(measured)),
  print('A thousand tasks of ten steps through SQS', await taskFigures()),
  print('A request to a server in another thread (median of 21 interleaved rounds)', await latencyFigures(measured)),
  print('Codecs (median of interleaved rounds)', await codecFigures()),
  print(
    'Type instantiations',
    typeCosts().map(({ name, instantiations, limit }) => ({ what: name, value: instantiations, unit: '', limit })),
  ),
]
if (hasDynamodbLocal())
  print('DynamoDB: capacity that a message takes, as DynamoDB Local counts', await capacityFigures())
else console.log('\nDynamoDB: capacity is not counted, for DynamoDB Local is not there: .ci/run installs it.')
process.exitCode = passed.every(Boolean) ? 0 : 1
