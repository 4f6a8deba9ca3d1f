import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, type Store, stay } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { makeId } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { latch, peer } from '../kit/wire.ts'
import { codes, world } from './kit.ts'

const test = suite('resume')

const SECRET = 'a secret of thirty-two characters'

const machine = createMachine({
  id: 'desk',
  initial: 'outside',
  states: {
    outside: { on: { enter: 'inside' } },
    inside: { on: { look: stay, exit: 'outside', sit: 'seated', end: 'over' } },
    seated: { on: { look: stay, exit: 'outside' }, after: { 60000: 'outside' } },
    over: { type: 'final' },
  },
})

interface Setting {
  readonly secret?: string | readonly string[]
  readonly windowMs?: number
  readonly id?: string
  readonly wrap?: (store: Store) => Store
  readonly sitting?: () => Promise<void>
}

const desk = ({ secret = SECRET, windowMs, id = 'desk', wrap = (store) => store, sitting }: Setting = {}) => {
  const { net, time, kept, start } = world()
  const keys: string[] = []
  const made = (one: string | readonly string[], name = id) =>
    start
      .store(wrap(kept))
      .protocol(createMachine({ ...machine.config, id: name }), {
        resume: resume({ secret: one, ...(windowMs !== undefined && { windowMs }) }),
      })
      .onConnect(() => accept())
      .on('enter', async ({ channel }) => channel('lobby').join())
      .on('look', ({ snapshot, idempotencyKey }) => {
        keys.push(idempotencyKey)
        return snapshot.value
      })
      .on('sit', async () => sitting?.())
      .on('exit', () => {})
      .on('end', () => {})
      .onError(() => {})
      .build()
  const app = made(secret)
  const arrive = async (as = app, authorizer?: Readonly<Record<string, unknown>>) => {
    const one = peer(as, net)
    const facts = { connectedAt: time.now(), ...(authorizer && { authorizer }) }
    await one.connect(facts)
    const say = (action: string, more: object = {}) => one.send({ action, id: `${action}1`, ...more }, facts)
    const tokenIn = (frames: readonly unknown[]) =>
      frames.flatMap((frame) => (frame as { event?: string; data?: { token?: string } }).data?.token ?? [])[0] ?? ''
    return {
      ...one,
      say,
      /** Go inside; the token that it earns. */
      enter: async () => tokenIn((await say('enter')).frames),
      show: async (token: string, id = 'again') => (await say('$resume', { id, data: { token } })).frames,
      tokenIn,
    }
  }
  const members = async () => (await kept.memberships.members('lobby')).connectionIds
  return { app, made, arrive, members, time, kept, keys, net }
}

const RESUMED = (frames: readonly unknown[]) =>
  (frames as readonly { data?: { recovered?: boolean; state?: unknown } }[]).map(({ data }) => [
    data?.recovered,
    data?.state,
  ])
const DENIED = (frames: readonly unknown[]) =>
  (frames as readonly { error?: { code?: string; details?: { reason?: string } } }[]).map(
    ({ error }) => `${error?.code} ${error?.details?.reason}`,
  )
const REFUSED = ['FAILED_PRECONDITION resume-denied']

test('the first message that changes the state earns a token, and no later one does', async () => {
  const { arrive } = desk()
  const ann = await arrive()
  const { frames } = await ann.say('enter')
  const [offer, reply] = frames as readonly { event?: string; data?: { token?: string; windowMs?: number } }[]
  assert.is(offer?.event, '$resume')
  assert.is(offer?.data?.windowMs, 120_000)
  assert.match(String(offer?.data?.token), new RegExp(`^${ann.connectionId}\\.[0-9a-z]+\\.[\\w-]{43}$`))
  assert.equal(reply, { action: 'enter', id: 'enter1' })
  assert.equal((await ann.say('look')).frames, [{ action: 'look', id: 'look1', data: 'inside' }])
  assert.equal((await ann.say('sit')).frames, [{ action: 'sit', id: 'sit1' }])
})

test('a new connection takes over the state and the channels of one that has disconnected', async () => {
  const { arrive, members, time } = desk()
  const old = await arrive()
  const token = await old.enter()
  await old.disconnect()
  assert.equal(await members(), [])
  time.at += 119_000
  const now = await arrive()
  const frames = await now.show(token)
  assert.equal(RESUMED(frames), [[true, 'inside']])
  assert.not.equal(now.tokenIn(frames), token)
  assert.equal(await members(), [now.connectionId])
  assert.equal((await now.say('look')).frames, [{ action: 'look', id: 'look1', data: 'inside' }])
})

test('a new connection takes over one that nobody has seen end, and the old one is closed', async () => {
  const { arrive, members } = desk()
  const old = await arrive()
  const token = await old.enter()
  const now = await arrive()
  assert.equal(RESUMED(await now.show(token)), [[true, 'inside']])
  assert.equal(old.taken(), ['$closed'])
  assert.equal(await members(), [now.connectionId])
  assert.equal((await old.say('look')).frames, [])
})

test('its own $disconnect, when it comes after all, takes nothing from the heir', async () => {
  const { arrive, members } = desk()
  const old = await arrive()
  const token = await old.enter()
  const now = await arrive()
  await now.show(token)
  await old.disconnect()
  assert.equal(await members(), [now.connectionId])
  assert.equal((await now.say('look')).frames, [{ action: 'look', id: 'look1', data: 'inside' }])
})

test('36. a token is good for one connection', async () => {
  const { arrive } = desk()
  const old = await arrive()
  const token = await old.enter()
  await (await arrive()).show(token)
  const third = await arrive()
  assert.equal(DENIED(await third.show(token)), REFUSED)
  assert.equal(codes((await third.say('look')).frames), ['FAILED_PRECONDITION'])
})

test('the connection that used a token may ask again, and is told the same', async () => {
  const { arrive } = desk()
  const old = await arrive()
  const token = await old.enter()
  const now = await arrive()
  assert.equal(RESUMED(await now.show(token)), [[true, 'inside']])
  assert.equal(RESUMED(await now.show(token)), [[true, 'inside']])
})

test('36. a token is refused once its window is over', async () => {
  const { arrive, time } = desk({ windowMs: 5_000 })
  const old = await arrive()
  const token = await old.enter()
  await old.disconnect()
  time.at += 5_001
  assert.equal(DENIED(await (await arrive()).show(token)), REFUSED)
})

test('36. a token is refused after the two hours and a quarter that a connection is known', async () => {
  const { arrive, time } = desk()
  const old = await arrive()
  const token = await old.enter()
  time.at += 8_100_000
  const frames = await (await arrive()).show(token)
  assert.equal(DENIED(frames), REFUSED)
  // By the token itself, and not because its record is gone.
  assert.match(JSON.stringify(frames), 'This token opens nothing.')
})

test('36. a token that was forged, cut short, lengthened or given another end is refused', async () => {
  const { arrive } = desk()
  const old = await arrive()
  const token = await old.enter()
  const [id = '', until = '', signature = ''] = token.split('.')
  const now = await arrive()
  const forged = [
    '',
    '.',
    '..',
    id,
    `${id}.${until}`,
    `${id}.${until}.`,
    `${id}.${until}.${signature.slice(0, -1)}`,
    `${id}.${until}.${signature}=`,
    `${id}.${until}.${signature}.${signature}`,
    `${id}.${until}.${Buffer.alloc(32).toString('base64url')}`,
    `${id}.zzzzzzzzz.${signature}`,
    `${now.connectionId}.${until}.${signature}`,
    `${makeId()}.${until}.${signature}`,
    `${id}.${until}.none`,
  ]
  for (const one of forged) assert.equal(DENIED(await now.show(one)), REFUSED, one)
  assert.equal(RESUMED(await now.show(token)), [[true, 'inside']])
})

test('36. a token of another secret, of another protocol or of another principal is refused', async () => {
  const { arrive, made } = desk()
  const token = await (await arrive()).enter()
  const others = [await arrive(made(SECRET.toUpperCase())), await arrive(made(SECRET, 'table'))]
  for (const one of others) assert.equal(DENIED(await one.show(token)), REFUSED)
  const hers = await (await arrive(undefined, { principalId: 'ann' })).enter()
  assert.equal(DENIED(await (await arrive(undefined, { principalId: 'bob' })).show(hers)), REFUSED)
  assert.equal(RESUMED(await (await arrive(undefined, { principalId: 'ann' })).show(hers)), [[true, 'inside']])
})

test('a token of an earlier secret is good as long as that is on the list', async () => {
  const { arrive, made } = desk()
  const token = await (await arrive()).enter()
  const next = SECRET.toUpperCase()
  assert.equal(DENIED(await (await arrive(made(next))).show(token)), REFUSED)
  assert.equal(RESUMED(await (await arrive(made([next, SECRET]))).show(token)), [[true, 'inside']])
})

test('a token is for the first message: a connection with a state of its own keeps that', async () => {
  const { arrive } = desk()
  const token = await (await arrive()).enter()
  const now = await arrive()
  await now.enter()
  await now.say('sit')
  assert.equal(DENIED(await now.show(token)), REFUSED)
  assert.equal((await now.say('look')).frames, [{ action: 'look', id: 'look1', data: 'seated' }])
  assert.equal(RESUMED(await (await arrive()).show(token)), [[true, 'inside']])
})

test('a message beside the takeover waits for it, or comes before it and keeps what it has; nothing is lost', async () => {
  for (const first of ['$resume', 'enter']) {
    const { arrive } = desk()
    const token = await (await arrive()).enter()
    const now = await arrive()
    const [shown, entered] =
      first === 'enter'
        ? (await Promise.all([now.say('enter'), now.show(token)])).reverse()
        : await Promise.all([now.show(token), now.say('enter')])
    await Promise.all([shown, entered])
    const third = await arrive()
    const state = (await now.say('look', { id: 'after' })).frames
    assert.equal(state, [{ action: 'look', id: 'after', data: 'inside' }])
    // Whoever was denied has not spent the token.
    const denied = JSON.stringify([shown, entered]).includes('resume-denied')
    assert.equal(RESUMED(await third.show(token)), denied ? [[true, 'inside']] : [[undefined, undefined]])
  }
})

test('a connection cannot take over itself', async () => {
  const { arrive } = desk()
  const ann = await arrive()
  const token = await ann.enter()
  assert.equal(DENIED(await ann.show(token)), REFUSED)
  assert.equal((await ann.say('look')).frames, [{ action: 'look', id: 'look1', data: 'inside' }])
})

test('a connection whose protocol has ended is not taken over', async () => {
  const { arrive } = desk()
  const old = await arrive()
  const token = await old.enter()
  await old.say('end')
  assert.equal(DENIED(await (await arrive()).show(token)), REFUSED)
})

test('what a token carries that is no token is refused by its schema', async () => {
  const { arrive } = desk()
  const now = await arrive()
  for (const data of [undefined, null, 7, {}, { token: 7 }, []])
    assert.equal(codes((await now.say('$resume', { data })).frames), ['INVALID_ARGUMENT'])
})

test('without resume there is no such route', async () => {
  const { start, net, kept } = world()
  const app = start
    .store(kept)
    .protocol(createMachine({ initial: 'a', states: { a: { on: { go: stay } } } }))
    .onConnect(() => accept())
    .on('go', () => {})
    .build()
  const one = peer(app, net)
  await one.connect()
  assert.equal(codes((await one.send({ action: '$resume', id: '1', data: { token: 'x' } })).frames), ['UNIMPLEMENTED'])
})

test('a row of connections: the third has what the first one had, and the same key for what is sent again', async () => {
  const { arrive, keys, members } = desk()
  const first = await arrive()
  const one = await first.enter()
  await first.say('look')
  const second = await arrive()
  const two = second.tokenIn(await second.show(one))
  await second.say('look')
  await second.disconnect()
  const third = await arrive()
  assert.equal(RESUMED(await third.show(two)), [[true, 'inside']])
  await third.say('look')
  assert.equal(keys, Array(3).fill(`${first.connectionId}/id/look1`))
  assert.equal(await members(), [third.connectionId])
})

test('a message that was applied on the old connection is a repetition on the new one', async () => {
  const { arrive } = desk()
  const old = await arrive()
  const token = await old.enter()
  const now = await arrive()
  await now.show(token)
  assert.equal(codes((await now.say('enter')).frames), ['ALREADY_EXISTS'])
})

test('a deadline goes on where it was', async () => {
  const { arrive, time } = desk()
  const old = await arrive()
  const token = await old.enter()
  await old.say('sit')
  time.at += 50_000
  const now = await arrive()
  assert.equal(RESUMED(await now.show(token)), [[true, 'seated']])
  time.at += 9_999
  assert.equal((await now.say('look')).frames, [{ action: 'look', id: 'look1', data: 'seated' }])
  time.at += 1
  assert.equal(codes((await now.say('look')).frames), ['FAILED_PRECONDITION'])
})

test('37. a message in flight on the old connection is fenced by the takeover, and the old state stands', async () => {
  const [began, go] = [latch(), latch()]
  const { arrive } = desk({
    sitting: async () => {
      began.open()
      await go.passed
    },
  })
  const old = await arrive()
  const token = await old.enter()
  const sitting = old.say('sit')
  await began.passed
  const now = await arrive()
  assert.equal(RESUMED(await now.show(token)), [[true, 'inside']])
  old.taken()
  go.open()
  assert.equal((await sitting).frames, [])
  assert.equal((await now.say('look')).frames, [{ action: 'look', id: 'look1', data: 'inside' }])
})

test('a connection of another version of the machine is taken over where migrate() can move its state', async () => {
  const { net, kept, start, time } = world()
  const version = (name: string, migrate?: () => { value: 'inside'; context: {} }) =>
    start
      .store(kept)
      .protocol(createMachine({ ...machine.config, version: name }), {
        resume: resume({ secret: SECRET }),
        ...(migrate && { migrate }),
      })
      .onConnect(() => accept())
      .on('enter', () => {})
      .on('look', ({ snapshot }) => snapshot.value)
      .on('sit', () => {})
      .on('exit', () => {})
      .on('end', () => {})
      .build()
  const facts = { connectedAt: time.now() }
  const old = peer(version('1'), net)
  await old.connect(facts)
  const { frames } = await old.send({ action: 'enter', id: '1' }, facts)
  const data = { token: (frames as readonly { data: { token: string } }[])[0]?.data.token }
  const show = { action: '$resume', id: '2', data }
  const stuck = peer(version('2'), net)
  await stuck.connect(facts)
  assert.equal(DENIED((await stuck.send(show, facts)).frames), ['FAILED_PRECONDITION protocol-version'])
  const moved = peer(
    version('2', () => ({ value: 'inside', context: {} })),
    net,
  )
  await moved.connect(facts)
  assert.equal(RESUMED((await moved.send(show, facts)).frames), [[true, 'inside']])
  assert.equal((await moved.send({ action: 'look', id: '3' }, facts)).frames, [
    { action: 'look', id: '3', data: 'inside' },
  ])
  assert.is((await kept.records.read(moved.connectionId))?.machine, 'desk@2')
})

for (const [what, at] of [
  ['after the old connection was closed', 2],
  ['when it has claimed the new connection', 1],
  ['before anything was written', 0],
] as const)
  test(`a function that dies ${what} has lost nothing: the same connection asks again`, async () => {
    let dying = false
    let writes = 0
    const wrap = (store: Store): Store => ({
      ...store,
      records: {
        ...store.records,
        replace: async (id, version, next) => {
          if (dying && writes++ >= at) throw new Error('killed')
          return store.records.replace(id, version, next)
        },
      },
    })
    const { arrive, members, time } = desk({ wrap })
    const token = await (await arrive()).enter()
    const now = await arrive()
    dying = true
    assert.equal(codes(await now.show(token, 'first')), ['UNKNOWN'])
    dying = false
    // The claim of the function that died is over when its time would have been.
    time.at += 60_000
    assert.equal(RESUMED(await now.show(token, 'second')), [[true, 'inside']])
    assert.equal(await members(), [now.connectionId])
  })

test('a secret that is too short, and a window that is no time, are refused at once', () => {
  const says = (options: object) => {
    try {
      resume(options as never)
    } catch (error) {
      return String(error)
    }
    return ''
  }
  for (const secret of ['', 'short', 7, undefined, [], [SECRET, 'short']])
    assert.match(says({ secret }), 'A secret of at least 32 characters is missing in resume({ secret }).')
  for (const windowMs of [0, -1, 1.5, Number.NaN, 900_001, '5'])
    assert.match(says({ secret: SECRET, windowMs }), 'A window is a whole number of milliseconds up to 900000.')
  assert.match(says({ secret: SECRET, window: 1 }), "resume() has no such option. ('window' in resume()")
})

test.run()
