import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type HandlerModule, type Invocation, type LocalOptions, localGateway } from 'ws-interlock/local'
import { connect, ok, signal } from '../kit/local.ts'
import { peer } from '../kit/peer.ts'
import { rejection } from '../protocol/kit.ts'

const test = suite('localGateway of a module')

const example = (name: string): HandlerModule => ({
  module: new URL(`../../examples/${name}/server.ts`, import.meta.url),
})

const opened = async (check: (url: string) => Promise<void>, of: HandlerModule, options: LocalOptions = {}) => {
  const { url, close } = await localGateway(of, options)
  try {
    await check(url)
  } finally {
    await close()
  }
}

test('the handler of a module is found by itself, or by its name', async () => {
  const echoes = async (url: string) => {
    const ann = await peer(url)
    assert.equal(await ann.ask('echo', { text: 'hello' }), { action: 'echo', id: '1', data: { text: 'hello' } })
  }
  await opened(echoes, example('echo'))
  await opened(echoes, { module: new URL(String(example('echo').module)).pathname, export: 'handler' })
})

test('a module without such an export is refused in a sentence', async () => {
  assert.match(
    Object(await rejection(localGateway({ ...example('echo'), export: 'nope' }))).message,
    /exports no function 'nope'\. Its functions: /,
  )
})

test('under isolation messages reach their client from whichever instance runs them', async () => {
  await opened(
    async (url) => {
      const ann = await peer(url)
      const answers = await Promise.all(['a', 'b', 'c'].map((text) => ann.ask('echo', { text })))
      assert.equal(
        answers.map(({ data }) => data),
        [{ text: 'a' }, { text: 'b' }, { text: 'c' }],
      )
    },
    example('echo'),
    { isolation: true },
  )
})

test('under isolation memory() breaks as it does on Lambda, and a sentence says why', async () => {
  const notices: string[] = []
  await opened(
    async (url) => {
      const ann = await connect(`${url}?name=ann`)
      ann.send({ action: 'auth', id: '1', data: { token: 'let-me-in' } })
      // Another instance runs it, and knows of no such connection.
      await ann.closed
      assert.not.match(JSON.stringify(ann.received), '"id":"1"}')
    },
    example('chat'),
    { isolation: true, notice: (sentence) => notices.push(sentence) },
  )
  assert.ok(
    notices.some((sentence) => /instance/.test(sentence)),
    notices.join('\n'),
  )
})

test('under isolation chaos kills the instance that runs a message, and another one runs the next', async () => {
  const killed = signal<Invocation>()
  const instances: (number | undefined)[] = []
  const { url, chaos, close } = await localGateway(
    // Would never answer.
    { module: new URL('handlers/hangs.ts', import.meta.url) },
    {
      isolation: true,
      routes: ['$default'],
      chaos: { ...NONE, seed: 7, kills: 1 },
      observe: (invocation) => {
        instances.push(invocation.instance)
        if (instances.length === 2) killed.resolve(invocation)
      },
    },
  )
  try {
    const ann = await connect(url)
    for (const text of ['a', 'b']) {
      ann.send(text)
      assert.match(await ann.next(), /^\{"message": "Internal server error", /)
    }
    const { outcome, error } = await killed.promise
    assert.is(outcome, 'threw')
    assert.is(Object(error).message, 'The instance was killed in mid-message.')
    assert.is(new Set(instances).size, 2)
    assert.equal(
      chaos?.injected.map(({ kind, routeKey }) => [kind, routeKey]),
      [
        ['killed', '$default'],
        ['killed', '$default'],
      ],
    )
  } finally {
    await close()
  }
})

/** Nothing goes wrong but what is named. */
const NONE = { delays: 0, coldStarts: 0, lostFarewells: 0, repeatedFarewells: 0, halfOpen: 0, throttling: 0, kills: 0 }

test('a function cannot be isolated, and a sentence says what can', async () => {
  assert.match(
    Object(await rejection(localGateway(ok, { isolation: true }))).message,
    /^localGateway: isolation needs the module of the handler, since a function cannot be run elsewhere: localGateway\(\{ module/,
  )
})

test.run()
