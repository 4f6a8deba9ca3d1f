import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, UnavailableError, ws } from 'ws-interlock'
import { ClientError } from 'ws-interlock/client'
import type { TestSocket } from 'ws-interlock/testing'
import { begin, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: the end of a session')
test.before(warmClient)

const protocol = { protocol: seatMachine }
const enters = {
  ...protocol,
  onReady: async ({ send, recovered }: { send: (name: 'enter') => Promise<unknown>; recovered: boolean }) => {
    if (!recovered) await send('enter')
  },
}

type Begun = ReturnType<typeof begin<ReturnType<typeof seat>['app']>>

/** Where a client may be when it is closed, and how it came there. */
const STATES: readonly {
  readonly what: string
  readonly options?: object
  readonly meet?: (socket: TestSocket) => void
  /** Handlers of this wait. */
  readonly holds?: string
  readonly come?: (begun: Begun, held: Set<string>) => Promise<unknown>
}[] = [
  { what: 'at once' },
  { what: 'while the socket opens', meet: (socket) => socket.stall(), come: ({ settle }) => settle() },
  { what: 'while onReady waits', options: { onReady: () => new Promise(() => {}) }, come: ({ settle }) => settle() },
  { what: 'while onReady sends', holds: 'enter', come: ({ settle }) => settle() },
  { what: 'while it is open', come: ({ client }) => client.send('peek') },
  {
    what: 'while it waits for the next attempt',
    come: async ({ client, socket, settle }) => {
      await client.send('peek')
      socket().vanish()
      await settle()
      assert.is(client.state, 'waiting')
    },
  },
  {
    what: 'while another connection is made in place of one that is busy',
    come: async ({ client, gateway, socket, pass, settle }, held) => {
      await client.send('peek')
      held.add('peek')
      void outcome(client.send('peek'))
      await settle()
      goAway(socket())
      await pass(2_000)
      assert.is(gateway.sockets.length, 2)
    },
  },
  {
    what: 'while an old connection is listened to',
    come: async ({ client, gateway, socket, pass }) => {
      await client.send('peek')
      goAway(socket())
      await pass(2_000)
      assert.is(gateway.sockets.length, 2)
      assert.is(client.state, 'open')
    },
  },
]

/** As the server says it. */
const goAway = (socket: { onmessage: ((event: never) => void) | null }, code = 'GOING_AWAY', message = 'So long.') =>
  socket.onmessage?.({ data: JSON.stringify({ event: '$bye', data: { code, message } }) } as never)

for (const { what, options, meet, holds, come } of STATES)
  test(`closed ${what} it rejects what waits, once, and leaves no timer behind`, async () => {
    const { app, held, open } = seat()
    const begun = begin(app, { ...enters, ...options } as typeof enters, meet && { meet })
    if (holds) held.add(holds)
    const { client, clock, gateway, end, settle } = begun
    await come?.(begun, held)
    held.add('peek')
    let rejections = 0
    const asked = [client.send('peek'), client.send('leave'), client.send('peek')].map((promise) =>
      outcome(promise).then(({ error }) => {
        rejections++
        return error
      }),
    )
    await settle()
    assert.is(rejections, 0)
    client.close()
    client.close()
    assert.is(client.state, 'closed')
    assert.is(client.farewell, undefined)
    for (const error of await Promise.all(asked)) {
      assert.instance(error, ClientError)
      assert.is(error?.code, 'CLOSED')
      assert.match(error?.message ?? '', /was not answered: the client is closed\.$/)
    }
    assert.is(rejections, 3)
    open()
    await settle()
    assert.is((await outcome(client.send('peek'))).error?.code, 'CLOSED')
    assert.equal([gateway.sockets.length, clock.next()], [0, undefined])
    await end()
  })

test('closed while a message waits to be sent again it leaves no timer behind', async () => {
  const app = ws({ warn: () => {} })
    .onConnect(() => accept())
    .on('busy', v.undefined(), () => {
      throw new UnavailableError('Not now.', { retryAfterMs: 20_000 })
    })
    .build()
  const { client, clock, end, settle } = begin(app)
  const asked = outcome(client.send('busy'))
  await settle()
  client.close()
  assert.is((await asked).error?.code, 'CLOSED')
  await settle()
  assert.is(clock.next(), undefined)
  await end()
})

test('watchers are told of the end, and it can be closed by one of them', async () => {
  const { app } = seat()
  const { client, end, socket, settle } = begin(app, protocol)
  const told: string[] = []
  client.subscribe(() => {
    told.push(client.state)
    if (client.state === 'waiting') client.close()
  })
  await client.send('peek')
  socket().vanish()
  await settle()
  assert.equal(
    [...new Set(told)],
    ['connecting', 'open', 'waiting', 'closed'].filter((one) => told.includes(one)),
  )
  assert.is(client.state, 'closed')
  await end()
})

for (const code of ['OK', 'DEADLINE_EXCEEDED', 'FAILED_PRECONDITION', 'PERMISSION_DENIED', 'UNAUTHENTICATED'])
  test(`a $bye with ${code} is for good, and its words are those of what had no answer`, async () => {
    const { app, held, open } = seat()
    const { client, end, pass, settle, socket, dialled } = begin(app, enters)
    await client.send('peek')
    held.add('peek')
    const asked = outcome(client.send('leave'))
    await settle()
    const queued = outcome(client.send('peek'))
    await settle()
    goAway(socket(), code, 'Tea is over.')
    await pass(60_000)
    assert.equal([client.state, client.farewell], ['closed', { code, message: 'Tea is over.' }])
    assert.is(dialled.length, 1)
    assert.is((await asked).error, undefined)
    assert.match((await queued).error?.message ?? '', 'Tea is over.')
    open()
    await end()
  })

test('after a $bye with UNAVAILABLE it comes again', async () => {
  const { app } = seat()
  const { client, end, pass, socket, dialled } = begin(app, enters)
  await client.send('peek')
  goAway(socket(), 'UNAVAILABLE', 'We are moving.')
  await pass(1_000)
  assert.is(dialled.length, 2)
  assert.is(client.state, 'open')
  assert.is(await client.send('peek'), 'inside')
  await end()
})

test('after a $bye with UNAUTHENTICATED it comes again where it has a next token', async () => {
  const { app } = seat()
  let tokens = 0
  const { client, end, pass, socket, dialled } = begin(app, { ...enters, token: () => `token ${++tokens}` })
  await client.send('peek')
  goAway(socket(), 'UNAUTHENTICATED', 'It is over.')
  await pass(1_000)
  assert.equal([dialled.length, tokens, client.state], [2, 2, 'open'])
  await end()
})

test('what the server closes by its own word is closed', async () => {
  const { app } = seat()
  const { client, end, pass, socket } = begin(app, enters)
  await client.send('peek')
  const over = outcome(client.once('said'))
  await app.server.connection(socket().connectionId).close('No more tea.')
  await pass(1_000)
  assert.equal([client.state, client.farewell], ['closed', { code: 'OK', message: 'No more tea.' }])
  assert.match((await over).error?.message ?? '', 'No more tea.')
  await end()
})

test.run()
