import type { Handler } from 'aws-lambda'
import * as v from 'valibot'
import { setup } from 'xstate'
import { UnauthenticatedError, UnavailableError } from '../../lib/errors.ts'
import type { ConnectEvent, DisconnectEvent, MessageEvent } from '../../lib/event/event.ts'
import type { ConnectionInfo } from '../../lib/gateway/gateway.ts'
import type { Store } from '../../lib/store/store.ts'
import { accept, connect, followTask, type Middleware, queue, reject, route, startTask, ws } from './ws.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>) => {}

const Join = v.object({ name: v.string() })
const Say = v.object({ text: v.pipe(v.string(), v.maxLength(500)) })
const Said = v.object({ from: v.string(), text: v.string() })
const User = v.object({ userId: v.string() })

interface Account {
  readonly admin: boolean
}
declare const accountOf: (userId: string) => Promise<Account>
declare const rooms: Store & { readonly membersOf: (room: string) => Promise<number> }

/** Internal: `idle` and `named`. Lifecycle: `$disconnect`. A peer may send `join`, `say` and `leave`. */
export const room = setup({
  types: {
    events: {} as
      | { type: 'join'; name: string }
      | { type: 'say'; text: string }
      | { type: 'leave' }
      | { type: 'idle' }
      | { type: 'named'; name: string }
      | { type: '$disconnect' },
  },
}).createMachine({
  id: 'room',
  initial: 'lobby',
  states: { lobby: { on: { join: 'joined' } }, joined: { on: { say: { actions: () => {} }, leave: 'lobby' } } },
})

// ---- everything at once

const app = ws()
  .authorizer(User)
  .store(rooms)
  .pushes({ said: Said, ticked: v.number() })
  .protocol(room, { internal: ['idle', 'named'] })
  .extend(async ({ authorizer, phase }) => {
    same<typeof authorizer, { userId: string }>(true)
    same<typeof phase, 'connect' | 'message' | 'disconnect'>(true)
    return { region: 'eu-west-1' }
  })
  .use(async (context, next) => {
    if (context.phase === 'connect') same<typeof context.query, URLSearchParams>(true)
    if (context.phase === 'message') same<typeof context.data, unknown>(true)
    if (context.phase === 'disconnect') same<typeof context.code, number>(true)
    return next({ account: await accountOf(context.authorizer.userId) })
  })
  .use(async ({ account, region, signal }, next) => {
    same<typeof account, Account>(true)
    same<typeof region, string>(true)
    if (signal.aborted) throw new UnavailableError('Too late.')
    await next()
  })
  .onConnect(async ({ authorizer, query, headers, subprotocols, region, event, channel, connection }) => {
    same<typeof authorizer.userId, string>(true)
    same<typeof region, string>(true)
    same<typeof event, ConnectEvent>(true)
    same<typeof connection.userAgent, string | undefined>(true)
    if (!query.has('token')) return reject(401, 'Say who you are.')
    if (headers.get('origin') !== 'https://app.example.com') return reject(403)
    await channel('everyone').join()
    return accept({ subprotocol: subprotocols[0] ?? 'v1' })
  })
  .on('join', Join, async ({ data, authorizer, channel, snapshot, raise, name, id, event, idempotencyKey }) => {
    same<typeof data, { name: string }>(true)
    same<typeof snapshot.value, 'lobby' | 'joined'>(true)
    same<typeof name, string>(true)
    same<typeof id, string | undefined>(true)
    same<typeof event, MessageEvent>(true)
    same<typeof idempotencyKey, string>(true)
    raise({ type: 'named', name: data.name })
    raise({ type: 'idle' })
    await channel('lobby').join()
    await channel('lobby').broadcast('said', { from: authorizer.userId, text: 'hi' }, { except: 'self' })
    await channel('lobby').broadcast('ticked', 1, { except: ['someone'] })
    for await (const member of channel('lobby').members()) same<typeof member, string>(true)
    return { members: await rooms.membersOf('lobby') }
  })
  .on('say', route({ input: Say, exclusive: true }), async ({ data, push, close, server }) => {
    await push('said', { from: 'me', text: data.text }, { now: true })
    await server.connection('other').push('ticked', 2)
    if (data.text === 'bye') await close('You said so.')
  })
  .on('leave', async ({ channel }) => {
    await channel('lobby').leave()
  })
  .onDefault(({ name, data }) => {
    same<typeof data, unknown>(true)
    return { unknown: name }
  })
  .onDisconnect(async ({ code, reason, snapshot, channel, event, phase }) => {
    same<typeof code, number>(true)
    same<typeof event, DisconnectEvent>(true)
    same<typeof phase, 'disconnect'>(true)
    void snapshot?.value
    await channel('lobby').broadcast('said', { from: 'server', text: reason })
  })
  .onError((error, { phase, name }) => {
    console.error(phase, name, error)
    if (error instanceof RangeError) return new UnavailableError('Try again.')
  })
  .build()

export const handler: Handler = app
same<Awaited<ReturnType<typeof app>>['statusCode'], number>(true)

// ---- the server's side

const server = app.server
same<Awaited<ReturnType<ReturnType<typeof server.connection>['info']>>, ConnectionInfo | undefined>(true)
export const fromElsewhere = async () => {
  await server.connection('id').push('said', { from: 'server', text: 'hi' })
  await server.connection('id').close('Maintenance.')
  await server.connection('id').dispatch({ type: 'idle' })
  await server.connection('id').dispatch({ type: 'join', name: 'Ann' })
  const sent = await server.channel('lobby').broadcast('said', { from: 'server', text: 'hi' }, { except: ['id'] })
  same<typeof sent.delivered, number>(true)
  for await (const member of server.channel('lobby').members()) same<typeof member, string>(true)
}

// ---- the client's side

const client = connect<typeof app>('wss://example.com', { protocol: room })
const reply = client.send('join', { name: 'Ann' })
same<Awaited<typeof reply>, { members: number }>(true)
const none = client.send('leave')
same<Awaited<typeof none>, void>(true)
client.on('said', (data) => same<typeof data, { from: string; text: string }>(true))

// ---- tasks

const office = ws()
  .store(rooms)
  .task('report', v.object({ year: v.number() }), { queue }, async ({ data, progress }) => {
    await progress(0.5, `${data.year}`)
    return { at: new Date() }
  })
  .task('archive', v.object({ day: v.pipe(v.string(), v.toDate()) }), { queue }, ({ data, authorizer, connection }) => {
    same<typeof data, { day: string }>(true)
    same<typeof authorizer, undefined>(true)
    same<typeof connection.userId, string | undefined>(true)
  })
  .task('tidy', route({ reply: v.pipe(v.string(), v.transform(Number)) }), { queue }, () => '1')
  .build()
const officeClient = connect<typeof office>('wss://x')
const begun = officeClient.send('report', { year: 2025 })
same<Awaited<typeof begun>, { readonly taskId: string }>(true)
const report = startTask(officeClient, 'report', { year: 2025 }, { timeoutMs: 1_000 })
same<Awaited<typeof report.result>, { at: string }>(true)
for await (const step of report) same<typeof step.fraction, number>(true)
const tidied = startTask(officeClient, 'tidy').result
same<Awaited<typeof tidied>, number>(true)
const followed = followTask(officeClient, 'report', await report.id).result
same<Awaited<typeof followed>, { at: string }>(true)

// ---- no protocol, no store

export const echo = ws()
  .on('echo', v.string(), ({ data }) => data.length)
  .build()
const echoed = connect<typeof echo>('wss://x').send('echo', 'hi')
same<Awaited<typeof echoed>, number>(true)

const clock = ws()
  .on('now', () => ({ at: new Date(), tags: ['a'] as const, fn() {} }))
  .build()
const now = connect<typeof clock>('wss://x').send('now')
same<Awaited<typeof now>, { at: string; tags: readonly ['a'] }>(true)

// Names may come from a table: they are not recorded, and block nothing.
const table: Record<string, number> = {}
export const dynamic = Object.entries(table)
  .reduce(
    (chain, [name, value]) => chain.on(name, () => value),
    ws().onError(() => {}),
  )
  .on('more', () => {})
  .build()

// ---- a route in full: reply schema, middleware of its own

const withUser: Middleware<{ user: Account }> = async ({ connection }, next) =>
  next({ user: await accountOf(connection.id) })
const admins: Middleware<{}, { user: Account }> = async ({ user }, next) => {
  if (!user.admin) throw new UnauthenticatedError('For administrators only.')
  await next()
}
const timed: Middleware = async (context, next) => {
  const startedAt = performance.now()
  await next()
  console.log(context.phase, performance.now() - startedAt)
}
const Receipt = v.object({ at: v.pipe(v.number(), v.transform(String)) })

const shop = ws()
  .use(timed)
  .on(
    'order',
    route({
      input: v.object({ count: v.pipe(v.string(), v.transform(Number)) }),
      reply: Receipt,
      use: [withUser, admins, async (context, next) => next({ traceId: context.connection.id })],
    }),
    async ({ data, user, traceId }) => {
      same<typeof data, { count: number }>(true)
      same<typeof user, Account>(true)
      same<typeof traceId, string>(true)
      return { at: data.count }
    },
  )
  .on('ping', route({ use: timed }), ({ data }) => {
    same<typeof data, undefined>(true)
    return 'pong' as const
  })
  .build()
const ordered = connect<typeof shop>('wss://x').send('order', { count: '1' })
same<Awaited<typeof ordered>, { at: string }>(true)
const pong = connect<typeof shop>('wss://x').send('ping')
same<Awaited<typeof pong>, 'pong'>(true)

// Middleware of the application and of a route go together.
export const guarded = ws()
  .use(withUser)
  .use(admins)
  .on('reboot', route({ use: admins }), ({ user }) => user.admin)
  .build()

// ---- schemas under a protocol

const blank = v.optional(v.undefined())
export const nothingToSay = ws()
  .store(rooms)
  .protocol(room, { internal: ['idle', 'named', 'join', 'say'] })
  .on('leave', blank, () => {})
  .build()

// ---- a machine with an input

export const greeted = setup({
  types: {
    input: {} as { user: string },
    context: {} as { user: string },
    events: {} as { type: 'hi' },
  },
}).createMachine({ initial: 'a', context: ({ input }) => input, states: { a: { on: { hi: 'a' } } } })

export const welcome = ws()
  .authorizer(User)
  .store(rooms)
  .protocol(greeted, {
    input: ({ authorizer, query }) => ({ user: query.get('name') ?? authorizer.userId }),
  })
  .on('hi', ({ snapshot }) => snapshot.context.user)
  .build()

// ---- a chain is a value: branches do not disturb each other

const trunk = ws().pushes({ said: Said })
export const quiet = trunk.on('mute', () => {}).build()
export const loud = trunk
  .on('shout', v.string(), ({ data, push }) => push('said', { from: 'me', text: data.toUpperCase() }))
  .build()

// ---- options

ws({
  replies: 'route-response',
  routeBy: 'routeKey',
  limits: { maxBytes: 1024 },
  warn: ({ code, message, fix }) => console.warn(code, message, fix),
  clock: Date,
})
