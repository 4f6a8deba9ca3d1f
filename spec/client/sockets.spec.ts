import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, NotFoundError, route, ws } from 'ws-interlock'
import { type Client, type ConnectOptions, connect, type SocketClass } from 'ws-interlock/client'
import { token } from 'ws-interlock/guard'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { within } from '../kit/peer.ts'
import { type AnySocket, PLACES } from '../kit/sockets.ts'
import { latch } from '../kit/wire.ts'
import { codeOf } from './kit.ts'
import { seatMachine } from './seat.ts'

/** All that a client may need of a server. */
const club = () => {
  const door = latch()
  const farewells: string[] = []
  const ids: string[] = []
  const app = ws({ warn: () => {} })
    .store(memory())
    .pushes({ said: v.number() })
    .protocol(seatMachine, { resume: resume({ secret: 'x'.repeat(32) }) })
    .use(
      token({
        optional: true,
        verify: (shown) => (shown === 'forged' ? undefined : { userId: shown, expiresAt: Date.now() + 3_600_000 }),
      }),
    )
    .onConnect(({ connection }) => {
      ids.push(connection.id)
      return accept()
    })
    .on('enter', v.undefined(), ({ channel }) => channel('hall').join())
    .on('leave', v.undefined(), () => {
      throw new NotFoundError('There is no door.')
    })
    .on('say', v.object({ n: v.number() }), async ({ data: { n }, channel }) => {
      await channel('hall').broadcast('said', n)
      return n * 2
    })
    .on('peek', route({ progress: v.number() }), async ({ progress, connection, snapshot }) => {
      await progress(1)
      await progress(2)
      return [connection.userId ?? null, snapshot.value]
    })
    .onDisconnect(({ connection }) => {
      farewells.push(connection.id)
      door.open()
    })
    .onError(() => {})
    .build()
  return { app, farewells, ids, left: door.passed }
}

type Club = ReturnType<typeof club>['app']

for (const { name, open } of PLACES) {
  const test = suite(`client: over sockets: ${name}`)
  const closing: (() => unknown)[] = []
  test.after.each(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  const begin = async (options: Partial<ConnectOptions<Club>> = {}) => {
    const parts = club()
    const { url, WebSocket, close } = await open(parts.app)
    const sockets: AnySocket[] = []
    const recovered: boolean[] = []
    class Noted extends WebSocket {
      constructor(to: string, protocols?: string[]) {
        super(to, protocols)
        sockets.push(this)
      }
    }
    const client = connect<Club>(url, {
      WebSocket: Noted as unknown as SocketClass,
      protocol: seatMachine,
      reconnect: { baseMs: 1 },
      lingerMs: 20,
      onReady: async ({ send, recovered: was }) => {
        recovered.push(was)
        if (!was) await send('enter')
      },
      ...options,
    })
    closing.push(close, () => client.close())
    return { ...parts, client, recovered, sockets }
  }

  test('it sends, is answered, is refused, follows steps and hears what is said, in order', async () => {
    const { client } = await begin()
    const said: number[] = []
    client.on('said', (n) => said.push(n))
    const all = Array.from({ length: 20 }, (_, n) => n)
    for (const n of all) assert.is(await client.send('say', { n }), n * 2)
    assert.equal(said, all)
    assert.is(await codeOf(client.send('leave')), 'NOT_FOUND')
    assert.is(await codeOf(client.send('enter')), 'FAILED_PRECONDITION')
    const steps: number[] = []
    const stream = client.stream('peek')
    for await (const step of stream) steps.push(step)
    assert.equal(
      [steps, await stream.reply],
      [
        [1, 2],
        [null, 'inside'],
      ],
    )
    const next = client.once('said')
    await client.send('say', { n: 42 })
    assert.is(await next, 42)
  })

  test('it comes again when the connection is lost, and goes on where it was', async () => {
    const { client, recovered, sockets } = await begin()
    await client.send('say', { n: 1 })
    const waiting = until(client, 'waiting')
    sockets[0]?.close()
    await waiting
    assert.is(await client.send('say', { n: 2 }), 4)
    assert.equal([recovered, sockets.length], [[false, true], 2])
  })

  test('asked to go away it changes connections and loses nothing', async () => {
    const { app, client, ids, left, farewells, recovered } = await begin({ random: () => 0.01 })
    const said: number[] = []
    client.on('said', (n) => said.push(n))
    await client.send('say', { n: 0 })
    await app.server.connection(ids[0] ?? '').goAway()
    const replies: unknown[] = []
    let n = 0
    // As long as the old one is there.
    for (let isOver = false; !isOver; n++) {
      replies.push(client.send('say', { n: n + 1 }))
      isOver = await Promise.race([left.then(() => true), replies.at(-1)]).then((one) => one === true)
    }
    assert.equal(
      await Promise.all(replies),
      replies.map((_, index) => (index + 1) * 2),
    )
    assert.equal(
      [...said].sort((a, b) => a - b),
      Array.from({ length: n + 1 }, (_, index) => index),
    )
    assert.equal([farewells, recovered], [[ids[0]], [false, true]])
  })

  for (const tokenBy of ['subprotocol', 'query', 'message'] as const)
    test(`its token travels by ${tokenBy}`, async () => {
      const { client, sockets } = await begin({ token: () => 'ann', tokenBy })
      assert.equal(await client.send('peek'), ['ann', 'inside'])
      assert.is(sockets[0]?.protocol, 'ws-interlock')
    })

  test('who is turned away tries again as often as was said, and is closed', async () => {
    const { client, sockets } = await begin({ token: () => 'forged', reconnect: { baseMs: 1, attempts: 2 } })
    assert.is(await codeOf(client.send('peek')), 'CLOSED')
    assert.equal([sockets.length, client.farewell?.code], [3, 'UNAVAILABLE'])
  })

  test.run()
}

/** Resolves when the client is in that state. */
const until = (client: Client<Club>, state: string) =>
  within<void>(`the state '${state}'`, (done) => {
    const stop = client.subscribe(() => {
      if (client.state !== state) return
      stop()
      done()
    })
  })
