import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type EventBridgeOptions, eventbridge } from 'ws-interlock/publish/eventbridge'
import { type EventBridge, startEventBridge } from '../kit/eventbridge.ts'
import { rejection } from '../protocol/kit.ts'
import { chance, event, origin, thrown, underTrace } from './kit.ts'

const test = suite('publish: EventBridge')
const started: EventBridge[] = []
test.after(async () => {
  for (const each of started) await each.end()
})

const start = async (options: Partial<EventBridgeOptions> = {}) => {
  const service = await startEventBridge({ buses: ['default', 'shop'] })
  started.push(service)
  return { service, bus: eventbridge({ client: service.client, source: 'shop.live', ...options }) }
}

const entry = (place: number, more: object = {}) => ({ detailType: 'OrderPlaced', detail: { place, ...more } })
const entries = (count: number) => Array.from({ length: count }, (_, place) => entry(place))
const placesOf = (sent: readonly { readonly Detail?: string }[]) =>
  sent.map(({ Detail = '' }) => JSON.parse(Detail).place)
const sizes = (service: EventBridge) => service.calls.map(({ length }) => length)

test('25 events are three calls, and each has the id that the service gave it', async () => {
  const { service, bus } = await start({ busName: 'shop' })
  const published = await bus.publish(entries(25), chance())
  assert.equal(sizes(service).sort(), [10, 10, 5])
  assert.equal(new Set(published.map((each) => each.ok && each.id)).size, 25)
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(
    service.events.map(({ EventBusName, Source, DetailType }) => `${EventBusName} ${Source} ${DetailType}`),
    Array(25).fill('shop shop.live OrderPlaced'),
  )
})

test('nothing to publish is no call', async () => {
  const { service, bus } = await start()
  assert.equal(await bus.publish([], chance()), [])
  assert.equal(service.calls, [])
})

test('a CloudEvent is the detail, whole; its type, time and source are those of the entry', async () => {
  const { service, bus } = await start()
  await bus.publish([bus.mark(bus.entryOf(event), origin)], chance())
  const [{ Detail = '', DetailType, Source, Time } = {}] = service.events
  assert.equal(JSON.parse(Detail), { ...event, source: 'shop.live' })
  assert.equal([DetailType, Source, Time], ['order', 'shop.live', Date.parse(event.time) / 1000])
})

test('without a source of its own, that of the CloudEvent stays', async () => {
  const { service } = await start()
  const bus = eventbridge({ client: service.client })
  await bus.publish([bus.entryOf(event), entry(1)], chance())
  assert.equal(
    service.events.map(({ Source }) => Source),
    ['ws-interlock/a1b2c3d4e5/prod', 'ws-interlock'],
  )
})

test('source, resources and time of an entry arrive; an entry of a transform is marked by nothing', async () => {
  const { service, bus } = await start()
  const given = { ...entry(1), source: 'mine', resources: ['arn:aws:s3:::tea'], time: new Date(5_000) }
  assert.is(bus.mark(given, origin), given)
  await bus.publish([given], chance())
  assert.equal(service.events, [
    {
      EventBusName: 'default',
      Source: 'mine',
      DetailType: 'OrderPlaced',
      Detail: '{"place":1}',
      Resources: ['arn:aws:s3:::tea'],
      Time: 5,
    },
  ])
})

const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5'

test('the trace of an invocation goes along, of each its own, and its bytes count for nothing', async () => {
  // {"place":1} is 11, 'shop.live' and 'OrderPlaced' are 20.
  const { service, bus } = await start({ maxBytes: 31 })
  const other = TRACE.replace('5759e988', '5759e989')
  for (const trace of [TRACE, other, undefined])
    await underTrace(trace, () => bus.publish([bus.mark(entry(1), origin)], chance()))
  assert.equal(
    service.events.map(({ TraceHeader }) => TraceHeader),
    [TRACE, other, undefined],
  )
})

for (const trace of ['', 'Root=1-abc', `${TRACE};`, `${TRACE}\n`, `${TRACE};More=${'x'.repeat(500)}`, 'Sampled=1'])
  test(`'${trace.slice(0, 120).trim()}' is no trace, and the event leaves without it`, async () => {
    const { service, bus } = await start()
    await underTrace(trace, () => bus.publish(entries(1), chance()))
    assert.equal(
      service.events.map(({ TraceHeader }) => TraceHeader),
      [undefined],
    )
  })

test('an entry is counted in UTF-8, 14 bytes for a time, and one byte too many is refused before anything is sent', async () => {
  // 'shop.live' and 'OrderPlaced' are 20, {"place":1,"text":""} is 21, the text 10, the resource 4 and the time 14.
  const given = { ...entry(1, { text: 'ééééé' }), resources: ['ärn'], time: new Date(0) }
  const { service, bus } = await start({ maxBytes: 69 })
  bus.check(given)
  const [published] = await bus.publish([given], chance())
  assert.is(published?.ok, true)
  const { bus: smaller } = await start({ maxBytes: 68 })
  const error = Object(await rejection(smaller.publish([entry(0), given, entry(2)], chance())))
  assert.equal([error.code, error.details], ['RESOURCE_EXHAUSTED', { bytes: 69, maxBytes: 68 }])
  assert.match(error.message, 'The event takes 69 bytes, and this bus takes 68. Keep what is large in S3')
  assert.equal(sizes(service), [1])
  assert.equal(thrown(() => smaller.check(given)).message, error.message)
})

test('the bytes of a request are bounded together: what the service would refuse at once goes in several calls', async () => {
  const { service, bus } = await start()
  // Nine of them are 900 KB in characters and 1,800 KB in UTF-8.
  const text = 'é'.repeat(100_000)
  const published = await bus.publish(
    entries(9).map((each) => ({ ...each, detail: { ...each.detail, text } })),
    chance(),
  )
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(sizes(service).sort(), [1, 4, 4])
})

test('an event of 999,000 bytes is taken without a word about limits, one of 1,000,001 is not', async () => {
  const { service, bus } = await start()
  const bare = '{"text":""}'.length + 'shop.liveOrderPlaced'.length
  const sized = (bytes: number) => ({ detailType: 'OrderPlaced', detail: { text: 'x'.repeat(bytes - bare) } })
  const [published] = await bus.publish([sized(999_000)], chance())
  assert.is(published?.ok, true)
  bus.check(sized(1_000_000))
  assert.match(thrown(() => bus.check(sized(1_000_001))).message, '1000001 bytes')
  assert.is(service.events.length, 1)
})

test('one bad entry of ten fails alone, with the code and the words of the service, and is not sent again', async () => {
  const { service, bus } = await start()
  service.faults.push({ kind: 'entries', codes: { 3: 'NotAuthorizedForDetailTypeException' } })
  const time = chance()
  const published = await bus.publish(entries(10), time)
  assert.equal(
    published.map(({ ok }) => ok),
    Array.from({ length: 10 }, (_, place) => place !== 3),
  )
  assert.equal(published[3], {
    ok: false,
    code: 'NotAuthorizedForDetailTypeException',
    message: 'It was said to fail.',
    isPassing: false,
  })
  assert.equal([sizes(service), time.waits], [[10], []])
})

test('entries that were throttled or failed inside are sent again, those alone, and the results keep their places', async () => {
  const { service, bus } = await start()
  service.faults.push({ kind: 'entries', codes: { 2: 'ThrottlingException', 7: 'InternalFailure' } })
  service.faults.push({ kind: 'entries', codes: { 1: 'InternalFailure' } })
  const time = chance()
  const published = await bus.publish(entries(10), time)
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(service.calls.map(placesOf), [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [2, 7], [7]])
  assert.equal(time.waits, [100, 200])
  assert.equal(placesOf(service.events), [0, 1, 3, 4, 5, 6, 8, 9, 2, 7])
})

test('a request that is throttled, answered by 5xx or hung up on is sent again as a whole', async () => {
  const { service, bus } = await start()
  service.faults.push({ kind: 'throttle' }, { kind: 'status', status: 500 }, { kind: 'hang-up' })
  const published = await bus.publish(entries(3), chance())
  assert.ok(published.every(({ ok }) => ok))
  assert.equal(sizes(service), [3, 3, 3, 3])
  assert.is(service.events.length, 3)
})

test('a service that stays throttled is asked five times, and each entry says so; other requests are not touched', async () => {
  const { service, bus } = await start({ maxBytes: 45 })
  service.faults.push(...Array(5).fill({ kind: 'throttle' }))
  const time = chance()
  const published = await bus.publish([entry(1)], time)
  assert.equal(published, [{ ok: false, code: 'ThrottlingException', message: 'Rate exceeded', isPassing: true }])
  assert.equal(
    [sizes(service), time.waits],
    [
      [1, 1, 1, 1, 1],
      [100, 200, 400, 800],
    ],
  )
  assert.equal(
    (await bus.publish([entry(2)], chance())).map(({ ok }) => ok),
    [true],
  )
})

test('a dead network: each entry says which error it met, and the promise resolves', async () => {
  const { service, bus } = await start()
  await service.end()
  const time = chance()
  const published = await bus.publish(entries(2), time)
  assert.equal(
    published.map((each) => !each.ok && each.code),
    ['ECONNREFUSED', 'ECONNREFUSED'],
  )
  assert.is(time.waits.length, 4)
})

test('a request to a service that says nothing ends with the signal', async () => {
  const { service, bus } = await start()
  service.faults.push({ kind: 'silence' })
  const abort = new AbortController()
  const called = service.called()
  const publishing = bus.publish(entries(2), chance(abort.signal))
  await called
  abort.abort()
  assert.equal(
    (await publishing).map((each) => !each.ok && each.code),
    ['AbortError', 'AbortError'],
  )
  assert.equal(sizes(service), [2])
})

test('a bus that the service refuses fails each entry', async () => {
  const { bus } = await start({ busName: 'elsewhere' })
  const published = await bus.publish(entries(2), chance())
  assert.equal(
    published.map((each) => !each.ok && each.code),
    ['InvalidArgument', 'InvalidArgument'],
  )
})

for (const [what, given, sentence] of [
  ['no object', 5, 'An object is missing in an entry of eventbridge().'],
  ['another field', { ...entry(1), detailtype: 'x' }, "'detailtype' in an entry of eventbridge()"],
  ['no detail type', { detail: {} }, 'A detailType of 1 to 128 characters is missing'],
  ['a detail type that is too long', { ...entry(1), detailType: 'x'.repeat(129) }, 'A detailType of 1 to 128'],
  ['no detail', { detailType: 'x' }, 'A detail that is an object of JSON is missing'],
  ['an array for a detail', { detailType: 'x', detail: [] }, 'A detail that is an object of JSON is missing'],
  ['a date for a detail', { detailType: 'x', detail: new Date(0) }, 'A detail that is an object of JSON is missing'],
  ['a detail that JSON has no word for', { detailType: 'x', detail: { n: 1n } }, 'BigInt'],
  ['an empty source', { ...entry(1), source: '' }, 'A source of 1 to 256 characters is missing'],
  ['a source of AWS', { ...entry(1), source: 'aws.s3' }, "Only AWS itself is a source that begins with 'aws.'."],
  ['a resource that is no text', { ...entry(1), resources: [5] }, 'An array of resources'],
  ['a time that is none', { ...entry(1), time: new Date(Number.NaN) }, 'A time that is a Date is missing'],
] as const)
  test(`an entry with ${what} is refused in a sentence, before anything is sent`, async () => {
    const { service, bus } = await start()
    const error = thrown(() => bus.check(given as never))
    assert.instance(error, TypeError)
    assert.match(error.message, sentence)
    assert.is(Object(await rejection(bus.publish([entry(0), given as never], chance()))).message, error.message)
    assert.equal(service.calls, [])
  })

for (const [options, sentence] of [
  [{}, 'An EventBridgeClient of @aws-sdk/client-eventbridge is missing in eventbridge({ client }).'],
  [{ busname: 'x' }, "eventbridge() has no such option. ('busname' in"],
  [{ busName: 'a b' }, 'The name of a bus, or its ARN, is missing in eventbridge({ busName }).'],
  [{ source: '' }, 'A source of 1 to 256 characters is missing in eventbridge({ source }).'],
  [{ maxBytes: 2_000_000 }, 'A whole number of bytes, from 1 to 1048576, is missing in eventbridge({ maxBytes }).'],
] as const)
  test(`eventbridge(${JSON.stringify(options)}) is refused in a sentence`, () => {
    const client = Object.keys(options).length > 0 && { client: { send: async () => ({}) } }
    assert.match(thrown(() => eventbridge({ ...client, ...options } as never)).message, sentence)
  })

test.run()
