import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sqs } from 'ws-interlock/publish/sqs'
import { chance } from './kit.ts'

const test = suite('publish: requests, and attempts at them')

interface Entry {
  readonly Id: string
  readonly MessageBody: string
}

/** What is said to a request. */
type Say = (bodies: readonly string[], call: number) => Promise<object> | object

/** A queue at which the given answers are given, through what stands for a client of the AWS SDK. */
const scripted = (say: Say, options: object = {}) => {
  const calls: (readonly string[])[] = []
  const send = async (command: never) => {
    const Entries: readonly Entry[] = Object(command).input.Entries
    calls.push(Entries.map(({ MessageBody }) => MessageBody))
    return say(calls.at(-1) ?? [], calls.length)
  }
  return { calls, publisher: sqs({ client: { send }, queueUrl: 'https://sqs/queue', ...options }) }
}

/** All of a request are taken, but for the bodies that are named, for which it fails with a code. */
const taken = (bodies: readonly string[], codes: Readonly<Record<string, string>> = {}, SenderFault = false) => ({
  Successful: bodies.flatMap((body, place) => (codes[body] ? [] : [{ Id: `${place}`, MessageId: `id of ${body}` }])),
  Failed: bodies.flatMap((body, place) =>
    codes[body] ? [{ Id: `${place}`, Code: codes[body], Message: 'No.', SenderFault }] : [],
  ),
})

const ok = (body: string) => ({ ok: true, id: `id of ${body}` })
const failed = (code: string, isPassing: boolean, message = 'No.') => ({ ok: false, code, message, isPassing })
const entries = (...bodies: readonly string[]) => bodies.map((body) => ({ body }))
const letters = (count: number) => Array.from({ length: count }, (_, place) => String.fromCharCode(97 + place))

test('entries are cut by ten and by bytes, in their order', async () => {
  const { calls, publisher } = scripted((bodies) => taken(bodies), { maxBytes: 12 })
  // 'é' takes two bytes: six fill a request.
  await publisher.publish(entries(...letters(11), 'ééééé', 'éé', 'éé', 'ééé'), chance())
  assert.equal(calls, [letters(10), ['k', 'ééééé'], ['éé', 'éé'], ['ééé']])
})

test('up to eight requests are under way at a time, and the results are in the order of the entries all the same', async () => {
  let open = 0
  let most = 0
  const released: (() => void)[] = []
  const { publisher } = scripted(
    async (bodies) => {
      most = Math.max(most, ++open)
      await new Promise<void>((resolve) => {
        released.unshift(resolve)
        // The eighth lets those before it go, last come first.
        if (most === 8) for (const release of released.splice(0)) release()
      })
      open--
      return taken(bodies)
    },
    { maxBytes: 1 },
  )
  const published = await publisher.publish(entries(...letters(16)), chance())
  assert.is(most, 8)
  assert.equal(published, letters(16).map(ok))
})

test('FIFO: one request at a time, and the next only when all attempts at the one before are over', async () => {
  let open = 0
  let most = 0
  const { calls, publisher } = scripted(
    async (bodies, call) => {
      most = Math.max(most, ++open)
      await Promise.resolve()
      open--
      return taken(bodies, call === 1 ? { b: 'InternalError' } : {})
    },
    { maxBytes: 2, fifo: true },
  )
  const placed = entries(...letters(5)).map((each) => ({ ...each, group: 'g', deduplicationId: each.body }))
  assert.equal(await publisher.publish(placed, chance()), letters(5).map(ok))
  assert.is(most, 1)
  assert.equal(calls, [['a', 'b'], ['b'], ['c', 'd'], ['e']])
})

test('only what failed on the side of the service is sent again; what was the sender’s fault is not', async () => {
  const { calls, publisher } = scripted((bodies, call) =>
    call === 1
      ? {
          Successful: [{ Id: '0', MessageId: 'id of a' }],
          Failed: [
            { Id: '2', Code: 'InternalError', Message: 'No.', SenderFault: false },
            { Id: '1', Code: 'InvalidMessageContents', Message: 'No.', SenderFault: true },
          ],
        }
      : taken(bodies),
  )
  assert.equal(await publisher.publish(entries('a', 'b', 'c'), chance()), [
    ok('a'),
    failed('InvalidMessageContents', false),
    ok('c'),
  ])
  assert.equal(calls, [['a', 'b', 'c'], ['c']])
})

test('throttling is no fault, even where the service calls it the sender’s', async () => {
  const { calls, publisher } = scripted((bodies, call) =>
    taken(bodies, call === 1 ? { a: 'RequestThrottled' } : {}, true),
  )
  assert.equal(await publisher.publish(entries('a'), chance()), [ok('a')])
  assert.is(calls.length, 2)
})

test('waits are drawn from a window that doubles: full jitter', async () => {
  const { publisher } = scripted((bodies) => taken(bodies, { a: 'InternalError' }))
  const draws = [0, 0.5, 1, 0.25]
  const time = chance()
  const published = await publisher.publish(entries('a'), { ...time, random: () => draws.shift() ?? 9 })
  assert.equal(published, [failed('InternalError', true)])
  assert.equal(time.waits, [0, 100, 400, 200])
})

test('no attempt begins four seconds after the first, however few there were', async () => {
  const time = chance()
  const { calls, publisher } = scripted(async (bodies) => {
    // A request that took its time.
    await time.clock.wait(2_000)
    return taken(bodies, { a: 'InternalError' })
  })
  assert.equal(await publisher.publish(entries('a'), time), [failed('InternalError', true)])
  assert.is(calls.length, 2)
})

test('once the signal is given nothing more is sent, and what is known is said', async () => {
  const abort = new AbortController()
  const { calls, publisher } = scripted((bodies) => taken(bodies, { b: 'InternalError' }))
  // A wait that only the signal ends.
  const wait = async () => {
    queueMicrotask(() => abort.abort())
    await new Promise<never>(() => {})
  }
  const time = chance(abort.signal)
  const published = await publisher.publish(entries('a', 'b'), { ...time, clock: { ...time.clock, wait } })
  assert.equal(published, [ok('a'), failed('InternalError', true)])
  assert.equal(calls, [['a', 'b']])
})

test('a request that the end of the time cuts short may be taken later, and nothing is waited for', async () => {
  const abort = new AbortController()
  const { publisher } = scripted(() => {
    abort.abort()
    return Promise.reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' }))
  })
  const time = chance(abort.signal)
  assert.equal(await publisher.publish(entries('a'), time), [failed('AbortError', true, 'Request aborted')])
  assert.equal(time.waits, [])
})

test('an entry of which the service says nothing is not sent again, and its place says so', async () => {
  const { calls, publisher } = scripted(() => ({ Successful: [{ Id: '1', MessageId: 'id of b' }] }))
  assert.equal(await publisher.publish(entries('a', 'b'), chance()), [
    failed('NoAnswer', false, 'The service did not say what became of it.'),
    ok('b'),
  ])
  assert.is(calls.length, 1)
})

const error = (message: string, more: object) => Object.assign(new Error(message), more)
const answered = (name: string, httpStatusCode: number) =>
  error('No.', { name, $fault: 'client', $metadata: { httpStatusCode } })

for (const [what, thrown, code, times] of [
  ['throttles', answered('ThrottlingException', 400), 'ThrottlingException', 5],
  ['throttles with a status', answered('Whatever', 429), 'Whatever', 5],
  ['fails with 503', answered('ServiceUnavailable', 503), 'ServiceUnavailable', 5],
  ['hangs up', error('socket hang up', { code: 'ECONNRESET', $metadata: { attempts: 3 } }), 'ECONNRESET', 5],
  ['cannot be found', error('getaddrinfo', { code: 'ENOTFOUND' }), 'ENOTFOUND', 5],
  ['cannot be found for now', error('getaddrinfo', { code: 'EAI_AGAIN' }), 'EAI_AGAIN', 5],
  ['takes too long', error('Timeout', { name: 'TimeoutError' }), 'TimeoutError', 5],
  ['is lost by fetch', error('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } }), 'UND_ERR_SOCKET', 5],
  ['denies access', answered('AccessDenied', 403), 'AccessDenied', 1],
  ['has no such queue', answered('QueueDoesNotExist', 400), 'QueueDoesNotExist', 1],
  ['has no address', error('Invalid URL', { code: 'ERR_INVALID_URL' }), 'ERR_INVALID_URL', 1],
  [
    'is not reached, for want of credentials',
    error('No.', { name: 'CredentialsProviderError' }),
    'CredentialsProviderError',
    1,
  ],
] as const)
  test(`a service that ${what} is asked ${times === 1 ? 'once' : `${times} times`}, and every entry says ${code}, and whether it may be taken later`, async () => {
    const { calls, publisher } = scripted(() => Promise.reject(thrown))
    const published = await publisher.publish(entries('a', 'b'), chance())
    const said = failed(code, times > 1, thrown.message)
    assert.equal(published, [said, said])
    assert.is(calls.length, times)
  })

test('one request that fails does not take the others with it', async () => {
  const { publisher } = scripted(
    (bodies) => (bodies.includes('b') ? Promise.reject(answered('AccessDenied', 403)) : taken(bodies)),
    { maxBytes: 1 },
  )
  assert.equal(await publisher.publish(entries('a', 'b', 'c'), chance()), [
    ok('a'),
    failed('AccessDenied', false),
    ok('c'),
  ])
})

test.run()
