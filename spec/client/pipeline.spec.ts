import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { begin, codeOf, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: pipeline')
test.before(warmClient)

const options = { protocol: seatMachine, pipeline: true }

test('they leave without waiting for one that may change the state, and say how many such came before', async () => {
  const { app, held, open, ran } = seat()
  const { client, end, settle, seen } = begin(app, options)
  held.add('enter')
  const all = [client.send('enter'), client.send('leave'), client.send('peek'), client.send('peek')]
  await settle()
  const left = seen.filter(({ isOut }) => isOut).map(({ action, dep }) => [action, dep])
  assert.equal(left, [
    ['enter', 0],
    ['leave', 1],
    ['peek', 2],
    ['peek', 2],
  ])
  assert.equal(ran, ['enter'])
  open()
  assert.equal(await Promise.all(all), [undefined, undefined, 'outside', 'outside'])
  await end()
})

test('one that may change the state waits for those before it that do not: the server could not tell which was first', async () => {
  const { app, held, open } = seat()
  const { client, end, settle, sent } = begin(app, options)
  await client.send('enter')
  held.add('say')
  const all = [client.send('say', { n: 1 }), client.send('leave'), client.send('peek')]
  await settle()
  assert.equal([sent('say').length, sent('leave').length, sent('peek').length], [1, 0, 0])
  open()
  assert.equal(await Promise.all(all), [2, undefined, 'outside'])
  await end()
})

test('no more than 32 are on their way', async () => {
  const { app, held, open } = seat()
  const { client, end, settle, sent } = begin(app, options)
  await client.send('enter')
  held.add('say')
  const all = Array.from({ length: 70 }, (_, index) => client.send('say', { n: index }))
  await settle()
  assert.is(sent('say').length, 32)
  open()
  assert.equal(
    await Promise.all(all),
    all.map((_, index) => index * 2),
  )
  await end()
})

test('one that the server cannot read does not count, and those after it go on', async () => {
  const { app } = seat()
  const { client, end, pass } = begin(app, options)
  const all = [
    codeOf(client.send('enter', { fails: 'yes' as never })),
    outcome(client.send('enter')),
    outcome(client.send('say', { n: 1 })),
    outcome(client.send('leave')),
  ] as const
  await pass(20_000)
  assert.is(await all[0], 'INVALID_ARGUMENT')
  assert.equal(
    (await Promise.all(all.slice(1))).map((one) => Object(one).error),
    [undefined, undefined, undefined],
  )
  assert.is(await client.send('peek'), 'outside')
  await end()
})

test('what comes after it is counted without it', async () => {
  const { app } = seat()
  const { client, end, sent, clock } = begin(app, options)
  const at = clock.now()
  assert.is(await codeOf(client.send('enter', { fails: 'yes' as never })), 'INVALID_ARGUMENT')
  await client.send('enter')
  assert.is(await client.send('say', { n: 1 }), 2)
  assert.equal(
    [...sent('enter'), ...sent('say')].map(({ dep }) => dep),
    [0, 0, 1],
  )
  assert.is(clock.now(), at)
  await end()
})

test('one that cannot be written does not hold those after it', async () => {
  const { app } = seat()
  const { client, end, pass } = begin(app, options)
  const all = [
    outcome(client.send('enter', { fails: 10n as never })),
    outcome(client.send('enter')),
    outcome(client.send('say', { n: 1 })),
  ] as const
  await pass(20_000)
  assert.instance((await all[0]).error, TypeError)
  assert.equal([(await all[1]).error, (await all[2]).value], [undefined, 2])
  await end()
})

test('one that was given up, and lost on its way, does not hold those after it', async () => {
  const { app, ran } = seat()
  const { client, end, pass, settle, socket } = begin(app, options)
  await client.send('enter')
  const controller = new AbortController()
  socket().stall()
  const given = codeOf(client.send('leave', undefined, { signal: controller.signal }))
  await settle()
  controller.abort(Object.assign(new Error('enough'), { code: 'ENOUGH' }))
  assert.is(await given, 'ENOUGH')
  socket().vanish()
  const said = outcome(client.send('say', { n: 1 }))
  await pass(20_000)
  assert.is((await said).value, 2)
  assert.equal(ran, ['enter', 'say 1'])
  await end()
})

test('those on their way when the connection is lost are applied once, in their order, after the takeover', async () => {
  const { app, ran, held, open } = seat()
  const { client, end, pass, settle, socket, dialled } = begin(app, options)
  await client.send('enter')
  held.add('leave')
  const all = [
    client.send('leave'),
    client.send('enter'),
    client.send('say', { n: 1 }),
    client.send('leave'),
    client.send('enter'),
    client.send('say', { n: 2 }),
  ].map(outcome)
  await settle()
  assert.equal(ran, ['enter', 'leave'])
  socket().vanish()
  open()
  await pass(20_000)
  const outcomes = await Promise.all(all)
  const failures = outcomes.flatMap(({ error }) => (error ? [error.code] : []))
  // The reply of what was applied already is lost with its connection.
  assert.ok(
    failures.every((code) => code === 'ALREADY_EXISTS'),
    String(failures),
  )
  assert.equal([outcomes[2]?.value, outcomes[5]?.value], [2, 4])
  assert.is(dialled.length, 2)
  assert.is(await client.send('peek'), 'inside')
  const effects = ran.filter((one) => one.startsWith('say'))
  assert.equal(effects, ['say 1', 'say 2'])
  await end()
})

test('those that were given up on their way still count: what is sent after them is not refused', async () => {
  const { app, held, open } = seat()
  const { client, end, pass, settle } = begin(app, options)
  held.add('enter')
  const left = new AbortController()
  const given = Array.from({ length: 32 }, (_, n) =>
    codeOf(client.send(n % 2 ? 'leave' : 'enter', undefined, { signal: AbortSignal.any([left.signal]) })),
  )
  await settle()
  left.abort()
  const later = Array.from({ length: 20 }, () => codeOf(client.send('peek')))
  await Promise.all(given)
  open()
  await pass(20_000)
  assert.equal(new Set(await Promise.all(later)), new Set([undefined]))
  await end()
})

test('what makes a connection ready after a takeover does not wait for those that wait for it', async () => {
  const { app, held, open } = seat()
  const readied: unknown[] = []
  const { client, end, pass, settle, socket } = begin(app, {
    ...options,
    onReady: async ({ send, recovered }) => void readied.push([recovered, await send('peek')]),
  })
  await client.send('enter')
  held.add('leave')
  const all = [client.send('leave'), client.send('enter'), client.send('say', { n: 1 })]
  await settle()
  socket().vanish()
  await pass(1_000)
  open()
  await pass(10_000)
  assert.equal(
    readied.map((one) => Object(one)[0]),
    [false, true],
  )
  assert.equal(await Promise.all(all.map(outcome)).then((each) => each.map(({ error }) => error?.code ?? 'ok')), [
    'ok',
    'ok',
    'ok',
  ])
  await end()
})

test('without a takeover it begins to count anew', async () => {
  const { app } = seat({ resumes: false })
  const { client, end, pass, socket, sent } = begin(app, {
    ...options,
    onReady: async ({ send }) => {
      await send('enter')
    },
  })
  await client.send('say', { n: 1 })
  socket().vanish()
  await pass(1_000)
  assert.is(await client.send('say', { n: 2 }), 4)
  assert.equal(
    sent('say').map(({ dep }) => dep),
    [1, 1],
  )
  await end()
})

test.run()
