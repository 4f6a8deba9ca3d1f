import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { outcome, warmClient } from './kit.ts'
import { stage } from './stage.ts'

const test = suite('client: rollover')
test.before(warmClient)

const MINUTE = 60_000
/** Two hours after which API Gateway closes whatever it carries. */
const LIFE_MS = 120 * MINUTE

for (const resumes of [true, false])
  test(`a connection is replaced before its two hours are over, ${resumes ? 'with' : 'without'} a takeover, five times`, async () => {
    const { client, end, pass, dialled, recovered, states, errors, gateway, farewells } = stage(
      { resumes },
      // Times that are no whole milliseconds by themselves.
      { random: () => 0.12345678 },
    )
    await client.send('say', { n: 1 })
    await pass(5 * 110 * MINUTE)
    assert.is(await client.send('say', { n: 2 }), 4)
    const lives = dialled.slice(1).map(({ at }, index) => at - (dialled[index]?.at ?? 0))
    assert.ok(lives.length >= 5 && lives.every((ms) => ms < LIFE_MS - MINUTE && ms > 90 * MINUTE), String(lives))
    assert.equal(recovered, [false, ...lives.map(() => resumes)])
    assert.equal(states, ['connecting', 'open'])
    assert.equal(errors, [])
    await pass(5_000)
    assert.equal([gateway.sockets.length, farewells.length], [1, lives.length])
    await end()
  })

test('the times at which clients replace their connections are spread', async () => {
  const times: number[] = []
  for (const random of [0, 0.3, 0.999]) {
    const { end, pass, dialled, client } = stage({}, { random: () => random })
    await client.send('peek')
    await pass(112 * MINUTE)
    times.push(((dialled[1]?.at ?? 0) - (dialled[0]?.at ?? 0)) / MINUTE)
    await end()
  }
  assert.equal(times.map(Math.round), [110, 107, 99])
})

for (const resumes of [true, false])
  test(`of 2,000 messages around a change of connections none is lost and none doubled, ${resumes ? 'with' : 'without'} a takeover`, async () => {
    const { app, client, end, errors, gateway, ran, recovered, pass, settle, socket, seen } = stage({
      resumes,
      speaks: false,
    })
    const said: number[] = []
    const told: number[] = []
    client.on('said', (n) => said.push(n))
    client.on('told', (n) => told.push(n))
    await client.send('peek')
    const old = socket().connectionId
    const replies: Promise<unknown>[] = []
    const pushing: Promise<unknown>[] = []
    const all = Array.from({ length: 1_000 }, (_, n) => n)
    for (const n of all) {
      replies.push(outcome(client.send('say', { n })))
      pushing.push(app.server.channel('hall').broadcast('said', n))
      // By its id, as somebody who has heard of no other one.
      if (gateway.sockets[0]?.connectionId === old) pushing.push(app.server.connection(old).push('told', n))
      if (n === 300) await app.server.connection(old).goAway()
      if (n % 10 === 0) await pass(20)
      else if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(pushing)
    await pass(10_000)
    const outcomes = (await Promise.all(replies)) as { value: unknown; error?: Error }[]
    assert.equal(
      outcomes.map(({ value, error }) => value ?? error?.message),
      all.map((n) => n * 2),
    )
    const effects = ran.filter((one) => one.startsWith('say')).map((one) => Number(one.slice(4)))
    assert.equal(astray(effects, all), { lost: [], doubled: [] })
    assert.equal(astray(said, all), { lost: [], doubled: [] })
    // Those that were pushed to the old one, as long as it was there.
    assert.ok(told.length > 300)
    assert.equal(astray(told, all.slice(0, told.length)), { lost: [], doubled: [] })
    await settle()
    assert.equal(
      gateway.sockets.map(({ connectionId }) => connectionId === old),
      [false],
    )
    assert.equal([recovered, errors], [[false, resumes], []])
    assert.ok(seen.some(({ isOut, action, connectionId }) => isOut && action === 'say' && connectionId !== old))
    await end()
  })

const astray = (got: readonly number[], wanted: readonly number[]) => ({
  lost: wanted.filter((one) => !got.includes(one)),
  doubled: got.filter((one, index) => got.indexOf(one) < index),
})

test('asked to go away it makes another connection within a second, and closes the old one after a while', async () => {
  const { app, client, end, pass, gateway, socket, dialled, states, farewells } = stage()
  await client.send('peek')
  const old = socket().connectionId
  assert.is(await app.server.connection(old).goAway('A new version.'), true)
  await pass(1_000)
  assert.equal([dialled.length, gateway.sockets.length], [2, 2])
  assert.is(await client.send('peek'), 'inside')
  await pass(4_000)
  assert.equal(farewells, [])
  await pass(1_500)
  assert.equal([farewells, gateway.sockets.length], [[old], 1])
  assert.equal(states, ['connecting', 'open'])
  assert.is(client.farewell, undefined)
  await end()
})

test('what the old one is told of its end is nothing to the session', async () => {
  const { app, client, end, pass, gateway, socket } = stage()
  await client.send('peek')
  const old = socket().connectionId
  await app.server.connection(old).goAway()
  await pass(2_000)
  assert.is(gateway.sockets.length, 2)
  await app.server.connection(old).close('Gone.')
  await pass(10_000)
  assert.equal([client.state, client.farewell], ['open', undefined])
  assert.is(await client.send('peek'), 'inside')
  await end()
})

test('what is on its way on the old one is waited for, and what is sent meanwhile leaves on the new one', async () => {
  const { app, client, end, pass, held, open, socket, sent, recovered } = stage()
  await client.send('peek')
  const old = socket().connectionId
  held.add('say')
  const slow = client.send('say', { n: 1 })
  await pass(0)
  await app.server.connection(old).goAway()
  await pass(3_000)
  const meanwhile = client.send('peek')
  await pass(1_000)
  assert.is(sent('$resume').length, 0)
  open()
  assert.is(await slow, 2)
  assert.is(await meanwhile, 'inside')
  assert.equal(recovered, [false, true])
  const last = sent('peek').at(-1)
  assert.is.not(last?.connectionId, old)
  await end()
})

test('without a takeover the answers of the old one say nothing of the state of the new one', async () => {
  const { app, client, end, pass, held, open, socket } = stage({ resumes: false })
  await client.send('peek')
  held.add('leave')
  const leave = client.send('leave')
  await pass(0)
  await app.server.connection(socket().connectionId).goAway()
  await pass(2_000)
  open()
  await leave
  assert.is(await client.send('say', { n: 3 }), 6)
  await end()
})

test('a slow answer of the old one keeps it open for longer', async () => {
  const { app, client, end, pass, held, open, socket, gateway } = stage({ resumes: false })
  await client.send('peek')
  held.add('say')
  const slow = client.send('say', { n: 1 })
  await pass(0)
  await app.server.connection(socket().connectionId).goAway()
  await pass(9_000)
  assert.is(gateway.sockets.length, 2)
  open()
  assert.is(await slow, 2)
  await pass(5_000)
  assert.is(gateway.sockets.length, 1)
  await end()
})

for (const [what, meet] of [
  ['does not open', (socket: Line) => socket.stall()],
  ['is lost while it is made ready', (socket: Line) => socket.addEventListener('open', () => socket.vanish())],
] as const)
  test(`a new one that ${what} leaves the old one in service, and is tried again`, async () => {
    const { app, client, end, pass, socket, dialled, states, errors, gateway } = stage(
      {},
      { openMs: 3_000 },
      { meet: (one, count) => count === 2 && meet(one) },
    )
    await client.send('peek')
    const old = socket().connectionId
    await app.server.connection(old).goAway()
    await pass(2_000)
    assert.is(dialled.length, 2)
    const said = client.send('say', { n: 1 })
    await pass(3_000)
    assert.is(await said, 2)
    assert.is(errors.length, 1)
    await pass(10_000)
    assert.is(dialled.length, 3)
    assert.is(await client.send('say', { n: 2 }), 4)
    await pass(10_000)
    assert.equal(
      gateway.sockets.map(({ connectionId }) => connectionId === old),
      [false],
    )
    assert.equal(states, ['connecting', 'open'])
    await end()
  })

interface Line {
  readonly stall: () => void
  readonly vanish: () => void
  readonly addEventListener: (type: 'open', listener: () => void) => void
}

test('an old one that is lost while the new one is made costs nothing', async () => {
  const { app, client, end, pass, gateway, held, open, socket, recovered } = stage()
  await client.send('peek')
  held.add('peek')
  const asked = client.send('peek')
  await pass(0)
  await app.server.connection(socket().connectionId).goAway()
  await pass(2_000)
  gateway.sockets[0]?.vanish()
  open()
  await pass(5_000)
  assert.is(await asked, 'inside')
  assert.equal(recovered, [false, true])
  assert.is(gateway.sockets.length, 1)
  await end()
})

test.run()
