import { suite } from 'uvu'
import { equal, is, match, not, ok } from 'uvu/assert'
import { connect } from 'ws-interlock/client'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, testGateway } from 'ws-interlock/testing'
import { outcome, warmClient } from '../client/kit.ts'
import { echoing, LONG, noise } from './kit.ts'

const test = suite('more messages in pieces than a connection has places for')
test.before(warmClient)

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A store that takes up to thirteen turns of the event loop to keep a piece, so that pieces overtake each other. */
const slow = () => {
  // The warning is what a gateway in process knows memory by, and puts its own in place of it.
  const { warnOnLambda: _, ...store } = memory()
  const { blobs } = store
  if (!blobs) throw new Error('It keeps no texts.')
  let state = 1
  const put: typeof blobs.put = async (...given) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    for (let left = 1 + ((state >>> 8) % 13); left > 0; left--) await turn()
    return blobs.put(...given)
  }
  return { ...store, blobs: { ...blobs, put } }
}

for (const count of [12, 40])
  test(`${count} large messages at once are all answered, and each is handled once`, async () => {
    const { app, ran, errors } = echoing(ours.chunk(), slow())
    const gateway = testGateway(app)
    const { clock, WebSocket } = gateway
    const codec = theirs.chunk(theirs.json(), { now: clock.now })
    const problems: unknown[] = []
    const client = connect<typeof app>(gateway.url, {
      WebSocket,
      clock,
      codec,
      onError: (error) => void problems.push(error),
    })
    const data = Array.from({ length: count }, (_, index) => noise(120_000 + index))
    const replies = Promise.all(data.map((text) => outcome(client.send('echo', text))))
    let isOver = false
    void replies.then(() => {
      isOver = true
    })
    for (let round = 0; !isOver && round < 400; round++) {
      await gateway.settled()
      await turn()
    }
    // What was not answered by now fails with TIMEOUT.
    if (!isOver) await gateway.advance(31_000)
    const all = await replies
    equal(
      all.filter(({ error }) => error).map(({ error }) => error?.message),
      [],
    )
    ok(all.every(({ value }, index) => value === data[index]))
    equal([...ran].sort(), [...data].sort())
    equal([errors, problems], [[], []])
    client.close()
    await gateway.close()
  })

const frame = (id: string) => ({ action: 'echo', id, data: LONG })
const slotIn = (written: string | readonly string[]) => [written].flat()[0]?.slice(10, 11)
const PUSH = '{"event":"said","data":1}'

/** A codec on a clock of its own, which has written eight messages, and what became of more. */
const full = (ttlMs = 60_000) => {
  let now = 0
  const codec = theirs.chunk(theirs.json(), { now: () => now, ttlMs })
  const first = Array.from({ length: 8 }, (_, index) => codec.write(frame(`${index}`)))
  ok(first.every((written) => !(written instanceof Promise)))
  const left: string[] = []
  return {
    codec,
    left,
    write: (id: string) => {
      const written = codec.write(frame(id))
      void Promise.resolve(written).then((texts) => left.push(`${id} in ${slotIn(texts)}`))
      return written
    },
    at: async (ms: number) => {
      now = ms
      codec.read(PUSH)
      await turn()
    },
    hear: async (text: string) => {
      codec.read(text)
      await turn()
    },
  }
}

test('a ninth waits for the first answer, and takes its place', async () => {
  const { write, hear, left } = full()
  ok(write('i') instanceof Promise)
  await hear(PUSH)
  await hear('{"id":"5","progress":1}')
  await hear('{"id":"of another","data":1}')
  equal(left, [])
  await hear('{"id":"5","error":{"code":"INTERNAL","message":"No."}}')
  equal(left, ['i in 5'])
})

test('those who wait leave in their order, one an answer', async () => {
  const { write, hear, left } = full()
  for (const id of ['i', 'j', 'k']) write(id)
  await hear('{"id":"3","data":1}')
  await hear('{"id":"3","data":1}')
  equal(left, ['i in 3'])
  await hear('{"id":"0","data":1}')
  await hear('{"id":"i","data":1}')
  equal(left, ['i in 3', 'j in 0', 'k in 3'])
})

test('without an answer a ninth leaves when the time of the server is over, and not before', async () => {
  const { write, at, left } = full()
  write('i')
  await at(59_999)
  equal(left, [])
  await at(60_000)
  equal(left, ['i in 0'])
})

test('nothing has to come or to be sent for that: one timer is enough', async () => {
  // The clock stands still, as one that was set back. The timer keeps no process alive, so patience has to.
  const { codec } = full(1)
  const waiting = ['i', 'j'].map((id) => codec.write(frame(id)))
  ok(waiting.every((written) => written instanceof Promise))
  let patience: NodeJS.Timeout | undefined
  const inVain = new Promise<never>((_, reject) => {
    patience = setTimeout(() => reject(new Error('Waited in vain.')), 5_000)
  })
  const all = await Promise.race([Promise.all(waiting), inVain]).finally(() => clearTimeout(patience))
  equal(all.map(slotIn), ['0', '1'])
})

test('what is small does not need a place', () => {
  const { codec } = full()
  is(codec.write({ action: 'echo', id: 'i', data: 1 }), '{"action":"echo","id":"i","data":1}')
})

test('a message that is sent again takes the place that it had, and its time begins anew', async () => {
  const { write, at, left } = full()
  await at(1_000)
  write('0')
  await turn()
  equal(left.splice(0), ['0 in 0'])
  for (const id of ['i', 'j', 'k', 'l', 'm', 'n', 'o', 'p']) write(id)
  await at(60_000)
  equal(left.splice(0), ['i in 1', 'j in 2', 'k in 3', 'l in 4', 'm in 5', 'n in 6', 'o in 7'])
  await at(61_000)
  equal(left, ['p in 0'])
})

test('one that waits and is sent again waits once', async () => {
  const { write, hear, left } = full()
  for (const id of ['i', 'i', 'j']) write(id)
  await hear('{"id":"4","data":1}')
  equal(left, ['i in 4', 'i in 4'])
  await hear('{"id":"6","data":1}')
  equal(left.slice(2), ['j in 6'])
})

test('a message of several large frames has a place for each, and one that is too large takes none', async () => {
  const { json } = theirs
  const many = { ...json(), write: (): string[] => [LONG, 'small', LONG] }
  const codec = theirs.chunk(many)
  const names = [await codec.write(frame('a'))].flat().filter((text) => text !== 'small')
  equal([...new Set(names.map(slotIn))], ['0', '1'])
  codec.read('{"id":"a","data":1}')
  const one = theirs.chunk(json(), { maxBytes: 100_000 })
  for (let round = 0; round < 9; round++) {
    const failed = outcome((async () => one.write({ action: 'echo', id: `${round}`, data: LONG + LONG }))())
    match((await failed).error?.message ?? '', /Send less\.$/)
  }
  not(one.write({ action: 'echo', id: 'b', data: noise(40_000) }) instanceof Promise)
})

test('messages that were lost with their connection do not hold up those of the next one', async () => {
  const clock = fakeClock()
  const { app, ran } = echoing(ours.chunk())
  const gateway = testGateway(app, { clock })
  const { WebSocket } = gateway
  const codec = theirs.chunk(theirs.json(), { now: clock.now })
  const options = { WebSocket, clock, codec, resend: 'never', timeoutMs: 100_000, reconnect: { baseMs: 1 } } as const
  const client = connect<typeof app>(gateway.url, options)
  await client.send('echo', 1)
  for (const socket of gateway.sockets) socket.stall()
  const lost = Array.from({ length: 12 }, () => outcome(client.send('echo', LONG)))
  for (const socket of gateway.sockets) socket.vanish()
  equal(
    (await Promise.all(lost)).map(({ error }) => error?.code),
    Array.from({ length: 12 }, () => 'LOST'),
  )
  for (let round = 0; gateway.sockets.length === 0 && round < 100; round++) await gateway.advance(10)
  const more = Promise.all(['a', 'b'].map((text) => outcome(client.send('echo', noise(90_000, text)))))
  for (let round = 0; round < 40; round++) await gateway.settled()
  is(ran.length, 3)
  equal(
    (await more).map(({ value, error }) => error?.code ?? String(value).length),
    [90_000, 90_000],
  )
  client.close()
  await gateway.close()
})

test('what was lost with its connection takes up no place: the next one has places of its own', async () => {
  const codec = theirs.chunk(theirs.json(), { now: fakeClock().now })
  const large = (id: number) => codec.write({ action: 'echo', id: `${id}`, data: noise(40_000) })
  for (let id = 1; id <= 8; id++) await large(id)
  const ninth = Promise.resolve(large(9))
  codec.lost?.()
  ok((await ninth).length > 1)
})

test.run()
