import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { KilledError } from '../../lib/local/mortal.ts'
import { contextNow, ended, newPath, pool, single, tidyUp, valueIn } from '../kit/instances.ts'
import { closeAll as closeGateways, connect, fakeClock, local, ok } from '../kit/local.ts'

const test = suite('local isolation')
const servers = new Set<Server>()
test.after.each(async () => {
  await tidyUp()
  await closeGateways()
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
  servers.clear()
})

const PARENT = new URL('../kit/instances-parent.ts', import.meta.url).pathname

/** The error of what fails. */
const rejection = async (running: Promise<unknown>): Promise<Error> => {
  const error: unknown = await running.then(
    (result) => new Error(`It resolved: ${JSON.stringify(result)}`),
    (reason) => reason,
  )
  assert.instance(error, Error)
  return error as Error
}

const CREDENTIALS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }

const instanceOf = (error: unknown): unknown => Reflect.get(Object(error), 'instance')

/** A server that answers when it is told to, and how many ask it. */
const hold = async () => {
  const held: (() => void)[] = []
  const arrivals: (() => void)[] = []
  const server = createServer((_, response) => {
    held.push(() => response.end('ok'))
    for (const arrive of arrivals) arrive()
  })
  servers.add(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    release: () => {
      for (const answer of held.splice(0)) answer()
    },
    /** Resolves when so many wait for an answer. */
    asked: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => held.length >= count && resolve()
        arrivals.push(look)
        look()
      }),
  }
}

test('each instance has its own copy of what a module keeps in variables, and a connection is sent from one to the other', async () => {
  const { send } = pool()
  const ran = [await send('count'), await send('count'), await send('count'), await send('count')]
  assert.equal(ran.map(valueIn), [1, 1, 2, 2])
  const [first, second] = ran.map(({ instance }) => instance)
  assert.is.not(first, second)
  assert.equal(
    ran.map(({ instance, cold }) => [instance, cold]),
    [
      [first, true],
      [second, true],
      [first, false],
      [second, false],
    ],
  )
})

test('a connection is sent to another instance than the last also where others were served meanwhile', async () => {
  const { send } = pool()
  const first = await send('count')
  const other = await send('count', {}, { connectionId: 'another0000000=' })
  assert.is((await send('count')).instance, other.instance)
  assert.is.not(first.instance, other.instance)
})

test('an instance runs one invocation at a time: of three at once each has one of its own', async () => {
  const { url, asked, release } = await hold()
  const { send } = pool()
  const sent = ['a', 'b', 'c'].map((connectionId) => send('fetch', { url }, { connectionId }))
  await asked(3)
  release()
  const ran = await Promise.all(sent)
  assert.is(new Set(ran.map(({ instance }) => instance)).size, 3)
})

test('at the cap an invocation waits for an instance', async () => {
  const { url, asked, release } = await hold()
  const { send } = single()
  const first = send('fetch', { url })
  const second = send('count')
  await asked(1)
  release()
  assert.is((await first).instance, (await second).instance)
})

test('what floats stands still between two invocations, and goes on in the middle of a later one', async () => {
  const path = newPath()
  const { send } = pool()
  const written = () => readFileSync(path).length
  const { instance } = await send('floatLoop', { path })
  const before = written()
  // Meanwhile the other instance has time enough.
  assert.is.not((await send('wait', { ms: 30 })).instance, instance)
  assert.is(written(), before)
  assert.is((await send('wait', { ms: 1 })).instance, instance)
  assert.ok(written() > before)
})

test('what was not awaited is told of, with its place, once per route and kind', async () => {
  const { url } = await hold()
  const { send, notices } = single()
  for (const _ of [1, 2]) await send('floatTimer', { path: newPath(), ms: 60_000 })
  assert.is(notices.length, 1)
  assert.match(
    String(notices[0]),
    /^The handler of 'floatTimer' returned while a timer \(spec\/local\/handlers\/orders\.ts:\d+:\d+\) that it had begun was still under way\. On Lambda the instance is frozen at that moment: it runs in the middle of a later invocation, or never\. Await it\.$/,
  )
  await send('floatInterval')
  await send('floatFetch', { url })
  await send('floatHttp', { url })
  await send('floatBoth', { url })
  await send('floatTimers')
  await send('floatFile', { path: newPath() })
  await send('floatLoop', { path: newPath() })
  assert.equal(
    notices.slice(1).map((notice) => notice.replace(/ \([^)]*\)/g, '').replace(/ that it had begun .*/, '')),
    [
      "The handler of 'floatInterval' returned while a timer",
      "The handler of 'floatFetch' returned while a request",
      "The handler of 'floatHttp' returned while a request",
      "The handler of 'floatBoth' returned while a timer and a request",
      "The handler of 'floatTimers' returned while 2 timers",
      "The handler of 'floatFile' returned while a file operation",
      "The handler of 'floatLoop' returned while an immediate",
    ],
  )
})

test('nothing is said of a handler that waits for what it begins, nor of what began with the module', async () => {
  const { url, asked, release } = await hold()
  const { send, notices } = single()
  const fetching = send('fetch', { url })
  await asked(1)
  release()
  await fetching
  for (const order of ['none', 'count', 'clearTimer', 'unref', 'environment']) for (const _ of [1, 2]) await send(order)
  await send('wait', { ms: 1 })
  await send('repeat')
  await send('readFile', { path: import.meta.filename })
  assert.equal(notices, [])
})

test('nothing is said of a package that keeps house for itself', async () => {
  const path = join(newPath(), 'node_modules/keeper/index.mjs')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, 'export const ask = async () => void setInterval(() => {}, 60_000)')
  const { send, notices } = single()
  await send('askPackage', { path })
  assert.equal(notices, [])
})

test('nothing is said of sockets that stay open: of our own client, of the SDK, of a database', async () => {
  const gateway = await local(ok)
  const client = await connect(gateway.url)
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  const { send, notices } = single('orders', { env: () => CREDENTIALS })
  // The second time finds the socket of the first.
  for (const action of ['postByOwnClient', 'postBySdk'])
    for (const _ of [1, 2, 3]) {
      await send(action, { url: gateway.endpoint }, { connectionId })
      assert.is(await client.next(), 'hello')
    }
  for (const _ of [1, 2, 3]) await send('connectOnce', { url: gateway.endpoint })
  assert.equal(notices, [])
})

test('an application of this library tells its states, and nothing is said of it where it does its work', async () => {
  const gateway = await local(ok)
  const client = await connect(gateway.url)
  const { connectionId } = (await gateway.next('CONNECT')).requestContext
  const there = single('application', {
    env: () => ({ ...CREDENTIALS, AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.endpoint }),
  })
  await there.connect(connectionId)
  for (const [action, before] of [
    ['join', 'outside'],
    ['send', 'inside'],
  ] as const) {
    const { trace } = await there.send(action, { id: action }, { connectionId })
    assert.equal(trace, { name: action, states: { before, after: 'inside' } })
    assert.is(JSON.parse(await client.next()).action, action)
  }
  await there.disconnect(connectionId)
  assert.equal(there.notices, [])
})

test('a failure in another instance than that of $connect is told of once, with both instances', async () => {
  const { send, connect, notices } = pool()
  const { instance } = await connect()
  const there = await send('answer', { value: { statusCode: 500 } })
  await send('answer', { value: 'malformed' })
  await rejection(send('throw'))
  assert.equal(notices, [
    `'answer' of connection0000= ran in instance ${there.instance}, and its '$connect' in instance ${instance}. What a module keeps in a variable is there for one instance only, as on Lambda: keep it in a store that all of them reach.`,
  ])
})

test('nothing is said of a failure where all ran in one instance', async () => {
  const { send, connect, notices } = single()
  await connect()
  await send('answer', { value: { statusCode: 500 } })
  await rejection(send('throw'))
  assert.equal(notices, [])
})

test('a thrown error in another instance than that of the message before is told of', async () => {
  const { send, notices } = pool()
  const { instance } = await send('count')
  const error = await rejection(send('throw'))
  assert.is(
    notices[0]?.split('.')[0],
    `'throw' of connection0000= ran in instance ${instanceOf(error)}, and its 'count' in instance ${instance}`,
  )
})

test('an application with a memory() is told at once that another instance knows nothing of it', async () => {
  const gateway = await local(ok)
  const there = pool('application', { env: () => ({ AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: gateway.endpoint }) })
  await there.connect()
  assert.is((await there.send('join')).trace?.states, undefined)
  assert.match(
    String(there.notices[0]),
    /^'join' of connection0000= ran in instance \d, and its '\$connect' in instance \d\./,
  )
  // As on Lambda, it says so itself.
  await there.printed(/MEMORY_ON_LAMBDA/)
})

test('an error arrives as it was thrown, with its instance', async () => {
  const { send } = single()
  const error = await rejection(send('throw'))
  const { name, message, code, cause } = error as Error & { readonly code: string; readonly cause: Error }
  assert.equal([name, message, code, cause.message], ['RangeError', 'No such thing.', 'E_THING', 'Deeper.'])
  assert.match(String(error.stack), /^RangeError: No such thing\.\n.*orders\.ts:\d+/)
  assert.type(instanceOf(error), 'number')
  assert.is((await rejection(send('throwText'))).message, 'just text')
})

test('what is returned travels as JSON', async () => {
  const { send } = single()
  assert.equal((await send('answer', { value: { statusCode: 200, body: 'ünïcode 🙂' } })).returned, {
    statusCode: 200,
    body: 'ünïcode 🙂',
  })
  const body = 'x'.repeat(1_000_000)
  assert.equal((await send('answer', { value: { statusCode: 200, body } })).returned, { statusCode: 200, body })
})

const deaths: readonly (readonly [action: string, order: object, name: string, message: string])[] = [
  ['exit', { value: 1 }, 'Runtime.ExitError', 'Runtime exited with error: exit status 1'],
  ['exit', { value: 0 }, 'Runtime.ExitError', 'Runtime exited without providing a reason'],
  ['uncaught', {}, 'Error', 'Nobody caught it.'],
  ['rejected', {}, 'Runtime.UnhandledPromiseRejection', 'Error: Nobody handled it.'],
]
test('an instance that dies fails its invocation as on Lambda, and is replaced', async () => {
  const { send, notices } = single()
  for (const [index, [action, order, name, message]] of deaths.entries()) {
    const error = await rejection(send(action, order))
    assert.equal([error.name, error.message, instanceOf(error)], [name, message, index + 1])
  }
  assert.is((await send('count')).instance, deaths.length + 1)
  assert.equal(notices, [])
})

test('an instance that was killed from outside while it stood still is replaced', async () => {
  const { send } = single()
  const first = await send('process')
  process.kill(valueIn(first), 'SIGKILL')
  await ended(Number(valueIn(first)))
  const second = await send('process')
  assert.equal([second.instance, valueIn(second) === valueIn(first)], [2, false])
})

test('Ctrl-C in a terminal, which reaches the instances too, leaves them to the process that started them', async () => {
  const { send } = single()
  const pid = valueIn(await send('process'))
  process.kill(pid, 'SIGINT')
  assert.is(valueIn(await send('process')), pid)
})

test('a promise that nothing can settle fails its invocation at once', async () => {
  const { send } = single('never')
  const { name, message } = await rejection(send('anything'))
  assert.is(name, 'Runtime.NodeJsExit')
  assert.is(message, 'The promise of the handler can never settle: nothing is under way that it could wait for.')
})

test('a handler that runs for too long is killed by the given clock', async () => {
  const clock = fakeClock()
  const { url, asked } = await hold()
  const { send } = single('orders', { clock, lambdaTimeoutMs: 30_000 })
  const late = rejection(send('fetch', { url }))
  await asked(1)
  clock.advance(29_999)
  clock.advance(1)
  const { name, message } = await late
  assert.equal([name, message], ['Sandbox.Timedout', 'Task timed out after 30.00 seconds'])
})

test('an invocation can be killed in its middle, and no other', async () => {
  const { url, asked } = await hold()
  const { send, kill } = single()
  const context = contextNow()
  const killed = rejection(send('fetch', { url }, { context }))
  await asked(1)
  assert.is(kill('another'), false)
  assert.is(kill(context.awsRequestId), true)
  const error = await killed
  assert.instance(error, KilledError)
  assert.is(error.message, 'The instance was killed in mid-message.')
  assert.type(instanceOf(error), 'number')
  assert.is(kill(context.awsRequestId), false)
})

test('a module that cannot be loaded fails each invocation with a sentence, and is not loaded again in between', async () => {
  const path = newPath()
  const { send, start, close } = pool('broken', { env: () => ({ LOADS: path }) })
  assert.match((await rejection(start())).message, /broken\.ts could not be loaded: The configuration is missing\.$/)
  const { name, stack } = await rejection(send('count'))
  assert.is(name, 'Error')
  assert.match(String(stack), /broken\.ts:\d+/)
  await close()
  const loads = readFileSync(path, 'utf8').split('\n').length - 1
  // At most the two that are to be warm, for each time that somebody asked.
  assert.ok(loads >= 2 && loads <= 4, String(loads))
})

test('the handler among several is named, and the sentence about a wrong name offers those that are there', async () => {
  assert.equal((await single('several', { export: 'second' }).send('x')).returned, { statusCode: 202 })
  assert.match(
    (await rejection(single('several').send('x'))).message,
    /several\.ts exports no function called 'handler'\. Name the handler among what it exports: first, second\.$/,
  )
  assert.match(
    (await rejection(single('several', { export: 'third' }).send('x'))).message,
    /exports no function 'third'\. Its functions: first, second\.$/,
  )
  assert.match(
    (await rejection(single('missing').send('x'))).message,
    /missing\.ts could not be loaded: Cannot find module/,
  )
})

test('the environment and the context are those of Lambda', async () => {
  const { send } = single('orders', {
    env: () => ({ AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: 'http://127.0.0.1:1/dev' }),
  })
  const environment = valueIn(await send('environment'))
  assert.is(environment.AWS_LAMBDA_FUNCTION_NAME, 'local')
  assert.is(environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE, '128')
  assert.match(environment.AWS_EXECUTION_ENV, /^AWS_Lambda_nodejs\d+\.x$/)
  assert.is(environment.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI, 'http://127.0.0.1:1/dev')
  const context = contextNow()
  const { remainingMs, ...rest } = valueIn(await send('context', {}, { context }))
  const { getRemainingTimeInMillis: _, ...data } = context
  assert.equal(rest, data)
  assert.ok(remainingMs > 0 && remainingMs <= 30_000)
})

test('what an instance prints reaches the log, line by line', async () => {
  const { send, lines, printed } = single()
  await send('print', { value: 'one\ntwo' })
  await printed(/two/)
  assert.equal(lines, ['one', 'two'])
})

test('an answer by callback waits until nothing is under way, and otherwise the instance is frozen at once', async () => {
  const [waited, frozen] = [newPath(), newPath()]
  const { send, notices } = single('by-callback')
  assert.equal((await send('a', { path: waited, waits: true })).returned, { statusCode: 200 })
  assert.ok(existsSync(waited))
  assert.equal(notices, [])
  assert.equal((await send('b', { path: frozen, waits: false })).returned, { statusCode: 200 })
  assert.not.ok(existsSync(frozen))
  assert.match(String(notices[0]), /^The handler of 'b' returned while a timer/)
})

test('after close no process is left, and what ran was ended', async () => {
  const { url, asked } = await hold()
  const { send, close } = pool()
  const pids = [await send('process'), await send('process')].map(valueIn)
  const cut = rejection(send('fetch', { url }))
  await asked(1)
  await close()
  assert.is((await cut).message, 'The instances were closed.')
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/)
  // Nor is the one that was ended in its work replaced.
  const hasProcess = () => process.getActiveResourcesInfo().includes('ProcessWrap')
  for (let turn = 0; turn < 100 && hasProcess(); turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.not.ok(hasProcess())
  assert.is((await rejection(send('count'))).message, 'The instances are closed: they run no invocation any more.')
})

test('when the process that started them is killed the instances end, also in the middle of an invocation', async () => {
  const child = spawn(process.execPath, [...process.execArgv, PARENT], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout.setEncoding('utf8'), 'data')
  assert.is(said, 'It hangs.\n')
  child.kill('SIGKILL')
  // The instances hold it open, for they print where their parent does: it ends with the last of them.
  await once(child.stdout, 'end')
})

test.run()
