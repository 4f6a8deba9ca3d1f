import { suite } from 'uvu'
import { equal, instance, is, match, not, ok } from 'uvu/assert'
import { RemoteError } from 'ws-interlock/client'
import { reply } from '../kit/hostile.ts'
import { aWhile, closeAll, kind, loadAll, outcomeOf, victim } from './victim.ts'

const test = suite('a server that answers the client with anything')
test.before(loadAll)
test.after.each(closeAll)

/** Texts that are no frame, or frames that say nothing. */
const GARBAGE: readonly (readonly [what: string, text: string, isSilent?: 'an answer that comes late'])[] = [
  ['no JSON', '<html>502 Bad Gateway</html>'],
  ['half of a frame', '{"action":"echo","id":"1","da'],
  ['nothing at all', ''],
  ['a number', '5'],
  ['null', 'null'],
  ['a list', '[{"action":"echo","id":"1","data":"forged"}]'],
  ['a text', '"echo"'],
  ['an empty object', '{}'],
  ['an id that nobody has used', '{"action":"echo","id":"77","data":"forged"}'],
  ['an id of another type', '{"action":"echo","id":1,"data":"forged"}', 'an answer that comes late'],
  ['the name of a member of every object as an id', '{"action":"echo","id":"__proto__","data":"forged"}'],
  [
    'the id of this message, and the name of another',
    '{"action":"slow","id":"1","data":"forged"}',
    'an answer that comes late',
  ],
  ['no id', '{"action":"echo","data":"forged"}'],
  ['a refusal of nothing in particular', '{"error":{"code":"INTERNAL","message":"?"}}'],
  [
    "API Gateway's own words",
    '{"message": "Internal server error", "connectionId":"TXzPWdnOjoECGjA=", "requestId":"TXzPWFkkjoEF92g="}',
  ],
]

for (const [what, text, isSilent] of GARBAGE)
  test(`${what}: the message waits on for its own answer, and onError is told, unless it might be a late one`, async () => {
    const { client, server, errors } = await victim()
    const answer = outcomeOf(client.send('echo', 'mine'))
    const one = await server.victim(0)
    const asked = await one.hear('echo')
    is(asked.id, '1')
    one.say(text)
    reply(one, asked, 'its own')
    is(await answer, 'its own')
    equal([client.state, server.knocks()], ['open', 1])
    equal(
      errors.map((error) => error instanceof Error),
      isSilent ? [] : [true],
    )
  })

test('bytes, which API Gateway never sends, are told to onError', async () => {
  const { client, server, errors, until } = await victim({ heard: kind })
  is(await client.send('echo', 'a'), 'a')
  const one = await server.victim(0)
  one.sayBytes(new Uint8Array([0xff, 0xfe, 0, 1]))
  await until('a word to onError', () => errors.length > 0)
  is(await client.send('echo', 'b'), 'b')
})

test('an answer that comes twice counts once, and not for the next message', async () => {
  const { client } = await victim({
    heard: (one, asked) => {
      reply(one, asked, asked.data)
      reply(one, asked, 'again')
    },
  })
  for (const data of ['a', 'b', 'c']) is(await client.send('echo', data), data)
  is(await client.send('slow', 'd'), 'd')
  is(client.state, 'open')
})

test('of an answer and a refusal the first counts', async () => {
  const { client } = await victim({
    heard: (one, asked) => {
      const refuse = () =>
        one.say({ action: asked.action, id: asked.id, error: { code: 'PERMISSION_DENIED', message: 'No.' } })
      if (asked.data === 'refuse first') refuse()
      reply(one, asked, 'yes')
      if (asked.data !== 'refuse first') refuse()
    },
  })
  is(await client.send('echo', 'answer first'), 'yes')
  is(await outcomeOf(client.send('echo', 'refuse first')), 'PERMISSION_DENIED')
  is(client.state, 'open')
})

test('an answer that never comes is a TIMEOUT whose message says where the message was, and the next one goes', async () => {
  const { client, server, clock } = await victim(
    { heard: (one, asked) => asked.action === 'echo' && reply(one, asked, asked.data) },
    { timeoutMs: 4_000 },
  )
  const silent = client.send('slow', 1)
  await (await server.victim(0)).hear('slow')
  clock.advance(3_999)
  is(await client.send('echo', 'meanwhile'), 'meanwhile')
  clock.advance(1)
  const { code, message } = Object(await silent.catch((reason: unknown) => reason))
  is(code, 'TIMEOUT')
  match(String(message), "No answer to 'slow' in 4000 ms: it was sent.")
  is(await client.send('echo', 'after'), 'after')
  is(server.knocks(), 1)
})

test('an answer after the time is over goes to nobody', async () => {
  const { client, server, clock } = await victim({}, { timeoutMs: 1_000 })
  const late = outcomeOf(client.send('slow'))
  const one = await server.victim(0)
  const asked = await one.hear('slow')
  clock.advance(1_000)
  is(await late, 'TIMEOUT')
  reply(one, asked, 'late')
  const next = outcomeOf(client.send('echo'))
  reply(one, await one.hear('echo'), 'in time')
  is(await next, 'in time')
})

/** Refusals that no server of this library writes. */
const REFUSALS: readonly (readonly [what: string, error: unknown])[] = [
  ['a text', 'no'],
  ['a number', 7],
  ['true', true],
  ['a list', []],
  ['empty', {}],
  ['of a code that nobody knows', { code: 'TEAPOT', message: 'short and stout' }],
  ['of members of other types', { code: 5, message: { a: 1 }, details: null, retryAfterMs: 'soon' }],
]

for (const [what, error] of REFUSALS)
  test(`a refusal that is ${what} rejects the message, and the next one goes`, async () => {
    const { client } = await victim({
      heard: (one, asked) =>
        asked.action === 'echo'
          ? reply(one, asked, asked.data)
          : one.say({ action: asked.action, id: asked.id, error }),
    })
    instance(await client.send('slow').catch((reason) => reason), RemoteError)
    is(await client.send('echo', 'next'), 'next')
  })

test('what a server says without end is not said again without end', async () => {
  const { client, server, clock } = await victim(
    { heard: (one) => one.say({ nonsense: 'x'.repeat(100_000) }) },
    { timeoutMs: 1_000 },
  )
  const said = client.send('echo').then(String, ({ message }: Error) => message)
  const one = await server.victim(0)
  await one.hear('echo')
  await aWhile()
  clock.advance(1_000)
  const message = await said
  ok(message.includes('Last heard: Answers nothing: {"nonsense":"xxx'), message)
  ok(message.length < 800, `${message.length}`)
})

test('UNAVAILABLE for ever is asked again after waits that double, as long as there is time', async () => {
  const { client, server, clock } = await victim(
    {
      heard: (one, { action, id }) =>
        one.say({ action, id, error: { code: 'UNAVAILABLE', message: 'Busy.', retryAfterMs: 1_000 } }),
    },
    { timeoutMs: 10_000 },
  )
  const sent = outcomeOf(client.send('echo'))
  const one = await server.victim(0)
  for (const [count, waitMs] of [1_000, 2_000, 4_000].entries()) {
    await one.hear('echo')
    await aWhile()
    is(one.heard.length, count + 1)
    clock.advance(waitMs - 1)
    await aWhile()
    is(one.heard.length, count + 1)
    clock.advance(1)
  }
  await one.hear('echo')
  clock.advance(3_000)
  is(await sent, 'TIMEOUT')
})

test('UNAVAILABLE eight times over is told: a handler that says so is not to be run without end', async () => {
  const { client, server, clock } = await victim(
    {
      heard: (one, { action, id }) => one.say({ action, id, error: { code: 'UNAVAILABLE', message: 'Closed today.' } }),
    },
    { timeoutMs: 600_000, random: () => 0.5 },
  )
  const sent = outcomeOf(client.send('echo'))
  const one = await server.victim(0)
  for (let count = 1; count <= 8; count++) {
    await one.hear('echo')
    await aWhile()
    is(one.heard.length, count)
    clock.advance(5_000)
  }
  await one.hear('echo')
  is(await sent, 'UNAVAILABLE')
  is(one.heard.length, 9)
})

for (const retryAfterMs of [-1, Number.MAX_SAFE_INTEGER, 'soon', null, {}])
  test(`UNAVAILABLE with retryAfterMs ${JSON.stringify(retryAfterMs)} is asked again after a while, and not at once`, async () => {
    const { client, server, clock } = await victim(
      {
        heard: (one, { action, id }) =>
          one.say({ action, id, error: { code: 'UNAVAILABLE', message: 'Busy.', retryAfterMs } }),
      },
      { timeoutMs: 1_000, random: () => 0.5 },
    )
    const sent = outcomeOf(client.send('echo'))
    await (await server.victim(0)).hear('echo')
    await aWhile()
    is((await server.victim(0)).heard.length, 1)
    clock.advance(1_000)
    is(await sent, 'TIMEOUT')
  })

test('steps after the reply, and to nothing, go to nobody', async () => {
  const { client } = await victim({
    heard: (one, asked) => {
      one.say({ action: asked.action, id: asked.id, progress: 1 })
      one.say({ action: asked.action, id: '99', progress: 'stray' })
      reply(one, asked, 'done')
      one.say({ action: asked.action, id: asked.id, progress: 'late' })
    },
  })
  const steps: unknown[] = []
  for await (const step of client.stream('slow')) steps.push(step)
  equal(steps, [1])
  is(await client.send('echo'), 'done')
})

/** Pushes that nobody of the library would write. */
const PUSHES: readonly unknown[] = [
  { event: 5 },
  { event: null },
  { event: {} },
  { event: [] },
  { event: '' },
  { event: '__proto__', data: 1 },
  { event: 'constructor', data: 1 },
  { event: 'said', id: {}, data: 'odd id' },
  { event: '$resume' },
  { event: '$resume', data: null },
  { event: '$resume', data: { token: {} } },
  { event: '$token' },
  { event: '$token', data: 'x' },
  { event: '$state' },
  { event: '$state', data: { value: 'nowhere', context: null } },
  { event: '$presence', data: null },
  { event: '$unknown', data: null },
]

test('pushes of any shape break nothing', async () => {
  const { client, server } = await victim({ heard: kind })
  const heard: unknown[] = []
  client.on('said', (data) => heard.push(data))
  await client.send('echo')
  const one = await server.victim(0)
  for (const push of PUSHES) one.say(push as object)
  one.say({ event: 'said', data: 'at last' })
  is(await client.send('echo', 'still here'), 'still here')
  equal([heard, client.state, server.knocks()], [['odd id', 'at last'], 'open', 1])
})

test('a push with an id is heard once, and the ids of ten thousand are not all kept', async () => {
  const { client, server } = await victim({ heard: kind })
  const heard: unknown[] = []
  client.on('said', (data) => heard.push(data))
  await client.send('echo')
  const one = await server.victim(0)
  for (let id = 0; id < 10_000; id++) one.say({ event: 'said', id: `${id}`, data: id })
  for (let id = 9_900; id < 10_000; id++) one.say({ event: 'said', id: `${id}`, data: 'twice' })
  await client.send('echo')
  equal([heard.length, heard.includes('twice')], [10_000, false])
})

test('ten thousand frames that are none cost a word each, and nothing else', async () => {
  const { client, server, errors } = await victim({ heard: kind })
  await client.send('echo')
  const one = await server.victim(0)
  for (let count = 0; count < 10_000; count++) one.say('garbage')
  is(await client.send('echo', 'after'), 'after')
  is(errors.length, 10_000)
})

test('an onError that throws, a listener that throws and a watcher that throws break nothing', async () => {
  const { client, server } = await victim(
    { heard: kind },
    {
      onError: () => {
        throw new Error('from onError')
      },
    },
  )
  const heard: unknown[] = []
  client.on('said', () => {
    throw new Error('from a listener')
  })
  client.on('said', (data) => heard.push(data))
  client.subscribe(() => {
    throw new Error('from a watcher')
  })
  await client.send('echo')
  const one = await server.victim(0)
  one.say('garbage')
  one.say({ event: 'said', data: 1 })
  is(await client.send('echo', 'after'), 'after')
  equal(heard, [1])
  not.equal(client.state, 'closed')
})

test.run()
