import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, reject, ws } from 'ws-interlock'
import { randomOf } from '../../lib/local/chance.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: reconnect')
test.before(warmClient)

const protocol = { protocol: seatMachine }

/** Lets in as long as its door is open. */
const house = () => {
  const asked = { isOpen: true }
  const app = ws({ warn: () => {} })
    .onConnect(() => (asked.isOpen ? accept() : reject(503)))
    .on('echo', v.unknown(), ({ data }) => data)
    .build()
  return { app, asked }
}

test('it waits at random up to a bound that doubles up to the largest one', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const { app, asked } = house()
    asked.isOpen = false
    const { end, pass, dialled } = begin(app, {
      random: randomOf(seed),
      reconnect: { baseMs: 100, maxMs: 5_000 },
    })
    await pass(60_000)
    const waits = dialled.slice(1).map(({ at }, index) => at - (dialled[index]?.at ?? 0))
    const bounds = waits.map((_, index) => Math.min(5_000, 100 * 2 ** index))
    assert.ok(waits.length > 12)
    assert.equal(
      waits.map((wait, index) => wait >= 0 && wait <= (bounds[index] ?? 0)),
      waits.map(() => true),
      `seed ${seed}: ${waits}`,
    )
    // At random: neither all of them long nor all of them short, and no two seeds alike.
    const late = waits.slice(6)
    assert.ok(Math.max(...late) > 2_500 && Math.min(...late) < 2_500, `seed ${seed}: ${waits}`)
    await end()
  }
})

test('the waits of two seeds differ', async () => {
  const timesOf = async (seed: number) => {
    const { app, asked } = house()
    asked.isOpen = false
    const { end, pass, dialled } = begin(app, { random: randomOf(seed) })
    await pass(10_000)
    await end()
    return dialled.map(({ at }) => at)
  }
  assert.equal(await timesOf(1), await timesOf(1))
  assert.not.equal(await timesOf(1), await timesOf(2))
})

test('after so many attempts in a row it is closed, and says why', async () => {
  const { app, asked } = house()
  asked.isOpen = false
  const { client, end, pass, dialled, clock } = begin(app, { reconnect: { attempts: 3 } })
  const echo = outcome(client.send('echo', 1))
  await pass(10_000)
  assert.is(dialled.length, 4)
  assert.is(client.state, 'closed')
  assert.is(client.farewell?.code, 'UNAVAILABLE')
  assert.is((await echo).error?.code, 'CLOSED')
  assert.is(clock.next(), undefined)
  await end()
})

test('a connection that lasted begins the attempts anew, and one that did not goes on with them', async () => {
  const { app } = house()
  const { client, end, pass, dialled, socket } = begin(app, { reconnect: { attempts: 3, baseMs: 100 } })
  await pass(0)
  for (let lost = 0; lost < 3; lost++) {
    socket().vanish()
    await pass(1_000)
    assert.is(client.state, 'open')
  }
  await pass(20_000)
  socket().vanish()
  await pass(1_000)
  assert.is(client.state, 'open')
  assert.is(dialled.length, 5)
  const last = dialled.slice(1).map(({ at }) => at)
  assert.ok((last[3] ?? 0) - (last[2] ?? 0) > 20_000)
  await end()
})

test('with attempts: 0 it is closed when the connection is lost', async () => {
  const { app } = house()
  const { client, end, pass, socket, states } = begin(app, { reconnect: { attempts: 0 } })
  await client.send('echo', 1)
  socket().vanish()
  await pass(1_000)
  assert.is(client.state, 'closed')
  assert.is(states.at(-1), 'closed')
  await end()
})

test('onReady runs on every connection, before everything else that is sent', async () => {
  const { app, ran } = seat({ resumes: false })
  const recovered: boolean[] = []
  const { client, end, pass, seen, settle, socket, states } = begin(app, {
    ...protocol,
    onReady: async ({ send, recovered: was }) => {
      recovered.push(was)
      await send('enter')
    },
  })
  assert.is(await client.send('say', { n: 1 }), 2)
  socket().vanish()
  await settle()
  const said = client.send('say', { n: 2 })
  await pass(1_000)
  assert.is(await said, 4)
  const left = seen.filter(({ isOut }) => isOut)
  assert.equal(
    left.map(({ action }) => action),
    ['enter', 'say', 'enter', 'say'],
  )
  assert.is(new Set(left.map(({ connectionId }) => connectionId)).size, 2)
  assert.equal([recovered, ran.length], [[false, false], 4])
  assert.equal(states, ['connecting', 'open', 'waiting', 'open'])
  await end()
})

test('where the state was taken over onReady is told so, and what was on its way goes on', async () => {
  const { app, ran, held, open } = seat()
  const recovered: boolean[] = []
  const { client, end, pass, settle, socket } = begin(app, {
    ...protocol,
    onReady: async ({ send, recovered: was }) => {
      recovered.push(was)
      if (!was) await send('enter')
    },
  })
  await client.send('say', { n: 1 })
  held.add('leave')
  const leave = outcome(client.send('leave'))
  await settle()
  socket().vanish()
  open()
  await pass(10_000)
  // The reply of what was applied before is lost with its connection.
  assert.ok([undefined, 'ALREADY_EXISTS'].includes((await leave).error?.code))
  assert.equal(recovered, [false, true])
  assert.is(await client.send('peek'), 'outside')
  assert.is(ran.filter((one) => one === 'enter').length, 1)
  await end()
})

test('too long away there is nothing to take over: onReady is told so, and what was on its way fails', async () => {
  const { app } = seat({ windowMs: 1_000 })
  const recovered: boolean[] = []
  const { client, end, pass, settle, socket } = begin(app, {
    ...protocol,
    reconnect: { baseMs: 10_000 },
    onReady: async ({ send, recovered: was }) => {
      recovered.push(was)
      await send('enter')
    },
  })
  await client.send('say', { n: 1 })
  socket().stall()
  const lost = codeOf(client.send('say', { n: 2 }))
  await settle()
  socket().vanish()
  await settle()
  const queued = client.send('say', { n: 3 })
  await pass(10_000)
  assert.equal(recovered, [false, false])
  assert.is(await lost, 'LOST')
  assert.is(await queued, 6)
  await end()
})

test('a takeover that is not answered is asked for again on the next connection', async () => {
  const { app } = seat()
  const recovered: boolean[] = []
  const { client, end, pass, socket, sent } = begin(
    app,
    {
      ...protocol,
      timeoutMs: 3_000,
      onReady: async ({ send, recovered: was }) => {
        recovered.push(was)
        if (!was) await send('enter')
      },
    },
    {
      // The second one is dead as soon as it is open.
      meet: (one, count) => count === 2 && one.addEventListener('open', () => one.stall()),
    },
  )
  await client.send('say', { n: 1 })
  socket().vanish()
  await pass(30_000)
  assert.is(await client.send('say', { n: 3 }), 6)
  assert.equal(recovered, [false, true])
  assert.is(sent('$resume').length, 2)
  await end()
})

test('what is sent without a connection waits, and leaves in its order', async () => {
  const { app, asked } = house()
  asked.isOpen = false
  const { client, end, pass, sent } = begin(app)
  const all = [1, 2, 3].map((one) => client.send('echo', one))
  await pass(5_000)
  assert.is(sent('echo').length, 0)
  asked.isOpen = true
  await pass(25_000)
  assert.equal(await Promise.all(all), [1, 2, 3])
  assert.equal(
    sent('echo').map(({ data }) => data),
    [1, 2, 3],
  )
  await end()
})

test('no more than maxQueue wait, and the next one is told', async () => {
  const { app } = house()
  const { client, end, settle } = begin(app, { maxQueue: 2 })
  const all = [1, 2].map((one) => client.send('echo', one))
  const { error } = await outcome(client.send('echo', 3))
  assert.is(error?.code, 'QUEUE_FULL')
  assert.match(error?.message ?? '', "'echo' was not sent: there is no connection, and 2 messages wait for one already")
  assert.equal(await Promise.all(all), [1, 2])
  await settle()
  // With a connection there is no bound.
  assert.equal(await Promise.all([1, 2, 3, 4].map((one) => client.send('echo', one))), [1, 2, 3, 4])
  await end()
})

test('onReady that fails is told to onError, and tried again on another connection', async () => {
  const { app } = house()
  let runs = 0
  const { client, end, pass, errors, dialled } = begin(app, {
    onReady: () => {
      if (runs++ < 2) throw new Error(`run ${runs}`)
    },
  })
  const echo = client.send('echo', 1)
  await pass(5_000)
  assert.is(await echo, 1)
  assert.equal(errors.map(String), ['Error: run 1', 'Error: run 2'])
  assert.is(dialled.length, 3)
  await end()
})

test('onReady that waits for what will never come does not keep it from connecting again', async () => {
  const { app } = house()
  let runs = 0
  const { client, end, pass, settle, socket } = begin(app, {
    onReady: () => {
      if (runs++ === 0) return new Promise(() => {})
    },
  })
  const echo = client.send('echo', 1)
  await settle()
  socket().vanish()
  await pass(5_000)
  assert.is(await echo, 1)
  assert.is(runs, 2)
  await end()
})

test('a socket that does not open in time is given up', async () => {
  const { app } = house()
  const { client, end, pass, socket, dialled } = begin(app, { openMs: 4_000 })
  socket().stall()
  await pass(3_999)
  assert.is(dialled.length, 1)
  await pass(1_000)
  assert.is(dialled.length, 2)
  assert.is(await client.send('echo', 1), 1)
  await end()
})

test.run()
