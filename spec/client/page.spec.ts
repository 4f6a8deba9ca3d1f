import { suite } from 'uvu'
import { equal, is, match, ok } from 'uvu/assert'
import * as v from 'valibot'
import { accept, reject, ws } from 'ws-interlock'
import { chunk, deflate } from 'ws-interlock/codec'
import { token } from 'ws-interlock/guard'
import { type LocalOptions, localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { withBrowser } from '../kit/browser.ts'
import { needs } from '../kit/needs.ts'
import { site } from '../kit/site.ts'

const test = suite('the client in a browser')
const inBrowser = needs(test, 'chromium')

const DICTIONARY = '{"event":"said","data":{"text":"","action":"echo","id":""}}'

/** What the page runs: a client that keeps what it is told, in the global scope, where a spec finds it. */
const PROGRAM = `
import { ClientError, connect, RemoteError } from 'ws-interlock/client'
import { chunk, deflate } from 'ws-interlock/client/codec'

globalThis.begin = (url, packed, options = {}) => {
  const codec = packed ? { codec: chunk(deflate(undefined, { dictionary: ${JSON.stringify(DICTIONARY)}, threshold: 64 })) } : {}
  const client = connect(url, { ...codec, reconnect: { baseMs: 50, maxMs: 200 }, ...options })
  globalThis.states = [client.state]
  globalThis.heard = []
  globalThis.client = client
  client.subscribe(() => states.at(-1) === client.state || states.push(client.state))
  client.on('said', (data) => heard.push(data))
}
globalThis.until = (state) =>
  new Promise((resolve) => {
    const look = () => {
      if (client.state !== state) return
      stop()
      resolve(client.state)
    }
    const stop = client.subscribe(look)
    look()
  })
globalThis.failure = (sent) =>
  sent.then(
    () => 'none',
    (error) => [error instanceof RemoteError, error instanceof ClientError, error.code, error.message],
  )
globalThis.noise = (length) => {
  let text = ''
  while (text.length < length) text += Math.random().toString(36).slice(2)
  return text.slice(0, length)
}
`

const appOf = (packed: boolean) =>
  ws(packed ? { codec: chunk(deflate(undefined, { dictionary: DICTIONARY, threshold: 64 })) } : {})
    .store(memory())
    .pushes({ said: v.string() })
    .onConnect(() => accept())
    .on('echo', v.string(), ({ data }) => data)
    .on('say', v.string(), ({ data, push }) => push('said', data))
    .build()

/** A tab that runs the program, connected to an application. All that a browser complains of is kept. */
const withPage = async (
  handler: object,
  check: (page: {
    readonly run: <Value>(script: string) => Promise<Value>
    readonly gateway: Awaited<ReturnType<typeof localGateway>>
    readonly complaints: readonly string[]
  }) => Promise<void>,
  options: LocalOptions = {},
) => {
  const gateway = await localGateway(handler as never, options)
  const home = await site(PROGRAM)
  try {
    await withBrowser(async (browser) => {
      const tab = await browser.newPage()
      const complaints: string[] = []
      tab.on('pageerror', ({ message }) => complaints.push(message))
      await tab.goto(home.url)
      await tab.waitForFunction('"noise" in globalThis')
      await check({ run: (script) => tab.evaluate(script), gateway, complaints })
    })
  } finally {
    await home.close()
    await gateway.close()
  }
}

inBrowser('it connects, asks, hears, and is refused with a code', () =>
  withPage(appOf(false), async ({ run, gateway, complaints }) => {
    await run(`begin('${gateway.url}')`)
    is(await run("client.send('echo', 'ä€😀')"), 'ä€😀')
    equal(await run('states'), ['connecting', 'open'])
    await run("client.send('say', 'hello')")
    equal(await run('heard'), ['hello'])
    const [isRemote, , code] = await run<unknown[]>("failure(client.send('echo', 5))")
    equal([isRemote, code], [true, 'INVALID_ARGUMENT'])
    await run('client.close()')
    const [, isClient, closed] = await run<unknown[]>("failure(client.send('echo', 'late'))")
    equal([isClient, closed], [true, 'CLOSED'])
    equal(complaints, [])
  }),
)

inBrowser('100 KB go each way in pieces, made smaller by a dictionary, though no frame may have more than 32 KB', () =>
  withPage(appOf(true), async ({ run, gateway, complaints }) => {
    await run(`begin('${gateway.url}', true)`)
    is(await run("client.send('echo', 'short')"), 'short')
    is(await run("(async (text) => (await client.send('echo', text)) === text)(noise(100_000))"), true)
    is(await run("(async (text) => (await client.send('echo', text)) === text)('said '.repeat(20_000))"), true)
    await run("(async (text) => { globalThis.text = text; await client.send('say', text) })(noise(100_000))")
    is(await run('heard.length === 1 && heard[0] === text'), true)
    equal(complaints, [])
  }),
)

inBrowser('when the gateway is restarted it connects again by itself, and what was sent meanwhile arrives', () =>
  withPage(appOf(true), async ({ run, gateway, complaints }) => {
    await run(`begin('${gateway.url}', true)`)
    is(await run("client.send('echo', 'before')"), 'before')
    await gateway.close()
    await run("until('waiting')")
    await run("globalThis.meanwhile = client.send('echo', 'meanwhile'); 0")
    const again = await localGateway(appOf(true), { port: gateway.port })
    try {
      is(await run('meanwhile'), 'meanwhile')
      is(await run("client.send('echo', 'after')"), 'after')
      const states = await run<string[]>('states')
      equal([states[0], states[1], states.at(-1)], ['connecting', 'open', 'open'])
      ok(states.includes('waiting'))
      equal(complaints, [])
    } finally {
      await run('client.close()')
      await again.close()
    }
  }),
)

for (const by of ['subprotocol', 'query', 'message'])
  inBrowser(`its token travels by ${by}, and the server knows whose it is`, () => {
    const app = ws()
      .store(memory())
      .use(
        token({
          optional: by === 'message',
          verify: (text) =>
            text === 'let me in, ä' ? { userId: 'ann', expiresAt: Date.now() + 3_600_000 } : undefined,
        }),
      )
      .onConnect(() => accept())
      .on('who', ({ connection }) => connection.userId)
      .build()
    return withPage(app, async ({ run, gateway, complaints }) => {
      await run(`begin('${gateway.url}', false, { token: () => 'let me in, ä', tokenBy: '${by}' })`)
      is(await run("client.send('who')"), 'ann')
      await run('client.close()')
      equal(complaints, [])
    })
  })

inBrowser('who is not let in hears why nothing was sent, when the time is over', () =>
  withPage(
    ws()
      .onConnect(() => reject(403, 'Nobody comes in.'))
      .on('echo', v.string(), ({ data }) => data)
      .build(),
    async ({ run, gateway }) => {
      await run(`begin('${gateway.url}', false, { timeoutMs: 500 })`)
      const [, isClient, code, message] = await run<string[]>("failure(client.send('echo', 'x'))")
      equal([isClient, code], [true, 'TIMEOUT'])
      match(String(message), 'there is no connection')
      await run('client.close()')
    },
  ),
)

test.run()
