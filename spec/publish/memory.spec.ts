import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { memory } from 'ws-interlock/publish/memory'
import { sqs } from 'ws-interlock/publish/sqs'
import { rejection } from '../protocol/kit.ts'
import { chance, event, origin, thrown } from './kit.ts'

const test = suite('publish: memory')

const queueOf = (maxBytes: number) => {
  const send = () => Promise.reject(new Error('It was sent.'))
  return sqs({ client: { send }, queueUrl: 'https://sqs/queue', maxBytes })
}

test('events are kept in their order, as they are, and each has an id', async () => {
  const bus = memory()
  const other = { ...event, id: 'event-2' }
  const published = await bus.publish([bus.mark(bus.entryOf(event), origin), other], chance())
  assert.equal(published, [
    { ok: true, id: 'memory-1' },
    { ok: true, id: 'memory-2' },
  ])
  assert.equal(bus.entries, [event, other])
})

test('what is not JSON is refused before anything is kept', async () => {
  const bus = memory()
  for (const data of [1n, Object.assign([], { toJSON: () => 1n })])
    assert.instance(await rejection(bus.publish([event, { ...event, data }], chance())), TypeError)
  assert.match(thrown(() => bus.check(undefined as never)).message, 'An event that is JSON is missing in memory().')
  assert.equal(bus.entries, [])
})

test('like another publisher, it has its entries, its marks and its limits, and nothing is sent', async () => {
  const bus = memory({ like: queueOf(1_000) })
  await bus.publish([bus.mark({ body: 'tea' }, origin)], chance())
  assert.equal(
    bus.entries.map(({ body, attributes }) => [body, attributes?.eventId]),
    [['tea', 'event-1']],
  )
  const error = Object(await rejection(bus.publish([{ body: 'x' }, { body: 'x'.repeat(1_001) }], chance())))
  assert.is(error.code, 'RESOURCE_EXHAUSTED')
  assert.is(bus.entries.length, 1)
})

test('what a test wants refused is not kept, and its place says why', async () => {
  const refusal = { code: 'ThrottlingException', message: 'Rate exceeded', isPassing: true }
  const bus = memory({ refuse: ({ id }) => (id === 'event-2' ? refusal : undefined) })
  const published = await bus.publish([event, { ...event, id: 'event-2' }, event], chance())
  assert.equal(published, [
    { ok: true, id: 'memory-1' },
    { ok: false, ...refusal },
    { ok: true, id: 'memory-2' },
  ])
  assert.is(bus.entries.length, 2)
})

for (const [options, sentence] of [
  [{ unlike: 1 }, "memory() has no such option. ('unlike' in memory()"],
  [{ like: {} }, 'A function is missing in memory({ like }): entryOf, mark, check.'],
  [{ refuse: true }, 'A function is missing in memory({ refuse }).'],
] as const)
  test(`memory(${JSON.stringify(options)}) is refused in a sentence`, () => {
    assert.match(thrown(() => memory(options as never)).message, sentence)
  })

test.run()
