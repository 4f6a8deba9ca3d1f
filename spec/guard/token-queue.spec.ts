import type { SQSRecord } from 'aws-lambda'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { token } from 'ws-interlock/guard'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { createMachine } from 'xstate'
import { latch, peer, stoppedClock, wire } from '../kit/wire.ts'
import { asked, BYE, machine, SECOND, START, verify } from './kit.ts'

const test = suite('guard: tokens that expire, and a queue')

/** One message that waits in the queue: its delay, and what it says. */
interface Waiting {
  readonly delay: number
  readonly body: { readonly connectionId: string; readonly at: number; readonly api?: { readonly stage: string } }
}

/** An application whose queue is a list, and a worker that is given what the spec takes from there. */
const queued = () => {
  const net = wire()
  const clock = stoppedClock(START)
  const kept = memory(clock)
  const waiting: Waiting[] = []
  const client = {
    send: async ({ input }: { readonly input: { readonly MessageBody: string; readonly DelaySeconds: number } }) => {
      waiting.push({ delay: input.DelaySeconds, body: JSON.parse(input.MessageBody) })
    },
  }
  const queueUrl = 'https://sqs.eu-west-1.amazonaws.com/1/deadlines'
  const begun = latch()
  const nap = { begun: begun.passed, until: Promise.resolve() }
  const calls = { reads: 0, writes: 0 }
  const { records } = kept
  const store = {
    ...kept,
    records: {
      ...records,
      read: (id: string) => {
        calls.reads++
        return records.read(id)
      },
      replace: (...given: Parameters<typeof records.replace>) => {
        calls.writes++
        return records.replace(...given)
      },
    },
  }
  const made = (version: string) =>
    ws({ warn: () => {}, gateway: net.gateway, clock, random: () => 0.5 })
      .store(store)
      .protocol(createMachine({ ...machine.config, version }), {
        deadlines: sqsDeadlines({ client, queueUrl, now: clock.now }),
      })
      .use(token({ verify }))
      .onConnect(() => accept())
      .on('enter', () => {})
      .on('nap', () => {
        begun.open()
        return nap.until
      })
      .on('who', () => {})
      .build()
  const app = made('1')
  const work = async ({ body }: Waiting | { readonly body: object }, as = app) => {
    const record = { messageId: 'm', body: JSON.stringify({ kind: 'deadline', ...body }), attributes: {} }
    return worker(as)({ Records: [record as unknown as SQSRecord] }) // as far as it is read
  }
  /** Take what waits in the queue. */
  const taken = () => waiting.splice(0)
  return { ann: peer(app, net), app, made, work, taken, clock, nap, calls }
}

const timesOf = (waiting: readonly Waiting[]) => waiting.map(({ delay, body }) => [delay, (body.at - START) / SECOND])

test('a token beyond the longest delay is looked at before its time, asked for in time, and ended in time', async () => {
  const { ann, work, taken, clock } = queued()
  await ann.connect({ query: '?token=ann/1000', stage: 'live' })
  const [first, ...others] = taken()
  assert.ok(first)
  assert.equal(others, [])
  assert.equal([first.delay, first.body.at, first.body.api?.stage], [900, START + 940 * SECOND, 'live'])
  clock.advance(900 * SECOND)
  await work(first)
  assert.equal(ann.taken(), [])
  const [second] = taken()
  assert.ok(second)
  assert.equal(timesOf([second]), [[40, 940]])
  clock.advance(40 * SECOND)
  await work(second)
  assert.equal(ann.taken(), [asked(1000)])
  const [third] = taken()
  assert.ok(third)
  assert.equal(timesOf([third]), [[60, 1000]])
  clock.advance(60 * SECOND)
  assert.equal(await work(third), { batchItemFailures: [] })
  assert.equal(ann.taken(), [BYE, '$closed'])
  assert.equal(taken(), [])
})

test('a token that was replaced costs one read and no write, and nobody looks at it again', async () => {
  const { ann, work, taken, clock, calls } = queued()
  await ann.connect({ query: '?token=ann/1000', stage: 'live' })
  const old = taken()
  await ann.send({ action: '$token', id: '1', data: { token: 'ann/2000' } }, { stage: 'live' })
  const now = taken()
  assert.equal(timesOf(now), [[900, 1940]])
  assert.is(now[0]?.body.api?.stage, 'live')
  for (const late of [900, 40]) {
    clock.advance(late * SECOND)
    Object.assign(calls, { reads: 0, writes: 0 })
    for (const one of old) await work(one)
    assert.equal(calls, { reads: 1, writes: 0 })
  }
  assert.equal(taken(), [])
  assert.equal(ann.taken(), [])
})

test('a message that began in time may finish; then the connection ends', async () => {
  const { ann, work, taken, clock, nap } = queued()
  await ann.connect({ query: '?token=ann/20' })
  await ann.send({ action: 'enter' })
  const { passed, open } = latch()
  nap.until = passed
  const napping = ann.send({ action: 'nap', id: '1' })
  await nap.begun
  clock.advance(20 * SECOND)
  const over = { body: { connectionId: ann.connectionId, at: START + 20 * SECOND } }
  taken()
  await work(over)
  assert.equal(ann.taken(), [])
  const [again] = taken()
  assert.ok(again)
  assert.is(again.delay, 5)
  open()
  assert.equal((await napping).frames, [{ action: 'nap', id: '1' }])
  await work(again)
  assert.equal(ann.taken(), [BYE, '$closed'])
})

test('a connection of an older machine is ended too', async () => {
  const { ann, made, work, clock } = queued()
  await ann.connect({ query: '?token=ann/100' })
  clock.advance(100 * SECOND)
  await work({ body: { connectionId: ann.connectionId, at: START + 100 * SECOND } }, made('2'))
  assert.equal(ann.taken(), [BYE, '$closed'])
})

test.run()
