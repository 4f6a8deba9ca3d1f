import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, type Store, stay } from 'ws-interlock'
import { assign, createMachine } from 'xstate'
import { latch, peer } from '../kit/wire.ts'
import { codes, world } from './kit.ts'

const test = suite('a deploy with another version of the machine')

interface Old {
  readonly version: string | undefined
  readonly value: unknown
  readonly context: unknown
}

/** One store, and the function before and after a deploy. */
const deploying = (migrate?: (old: Old) => { value: string; context: { visits: number } } | undefined) => {
  const { net, time, kept, start } = world()
  const [began, go] = [latch(), latch()]
  const ends: unknown[] = []
  const errors: unknown[] = []
  let waiting = false
  const one = createMachine({
    id: 'door',
    version: '1',
    initial: 'out',
    states: { out: { on: { enter: 'in' }, after: { 9000: 'late' } }, in: { on: { look: stay } }, late: {} },
  })
  const two = createMachine({
    id: 'door',
    version: '2',
    types: {} as { context: { visits: number } },
    context: { visits: 0 },
    initial: 'outside',
    states: {
      outside: {
        on: { enter: { target: 'inside', actions: assign({ visits: ({ context }) => context.visits + 1 }) } },
      },
      inside: { on: { look: stay } },
      late: { on: { look: stay } },
    },
  })
  const before = start
    .store(kept)
    .protocol(one)
    .onConnect(() => accept())
    .on('enter', async () => {
      if (!waiting) return
      began.open()
      await go.passed
    })
    .on('look', () => 'old')
    .onDisconnect(({ snapshot }) => void ends.push(snapshot?.value))
    .build()
  const after = start
    .store(kept)
    .protocol(two, { ...(migrate && { migrate }) })
    .onConnect(() => accept())
    .on('enter', () => {})
    .on('look', ({ snapshot }) => `new, ${snapshot.value}, ${snapshot.context.visits}`)
    .onDisconnect(({ snapshot }) => void ends.push(snapshot?.value))
    .onError((error) => void errors.push(error))
    .build()
  const ann = peer(before, net)
  const now = peer(after, net, ann.connectionId)
  const hold = () => {
    waiting = true
    const entering = ann.send({ action: 'enter', id: 'enter' })
    return { entering, began: began.passed, go: go.open }
  }
  return { ann, now, hold, time, kept: kept as Store, ends, errors, record: () => kept.records.read(ann.connectionId) }
}

const moves = ({ value }: Old) => ({ value: value === 'in' ? 'inside' : 'outside', context: { visits: 7 } })

test('62. without migrate() a state of another version is refused, with both versions', async () => {
  const { ann, now, record } = deploying()
  await ann.connect()
  await ann.send({ action: 'enter' })
  assert.equal((await now.send({ action: 'look', id: '1' })).frames, [
    {
      action: 'look',
      id: '1',
      error: {
        code: 'FAILED_PRECONDITION',
        message: 'The protocol has changed since this connection began. Connect again.',
        details: { reason: 'protocol-version', stored: 'door@1', current: 'door@2' },
      },
    },
  ])
  assert.is((await record())?.machine, 'door@1')
})

test('62. migrate() gets the version, the value and the context, and what it makes is stored once', async () => {
  const asked: Old[] = []
  const { ann, now, record } = deploying((old) => {
    asked.push(old)
    return moves(old)
  })
  await ann.connect()
  await ann.send({ action: 'enter' })
  for (const id of ['1', '2'])
    assert.equal((await now.send({ action: 'look', id })).frames, [{ action: 'look', id, data: 'new, inside, 7' }])
  assert.equal(asked, [{ version: 'door@1', value: 'in', context: {} }])
  assert.is((await record())?.machine, 'door@2')
})

test('62. what migrate() cannot move is refused as if there were none', async () => {
  const { ann, now } = deploying(() => undefined)
  await ann.connect()
  assert.equal(codes((await now.send({ action: 'look', id: '1' })).frames), ['FAILED_PRECONDITION'])
})

test('62. a migrate() that throws, or makes a state that the machine does not have, is a defect of the server', async () => {
  for (const migrate of [
    () => {
      throw new Error('no way from there')
    },
    () => ({ value: 'nowhere', context: { visits: 0 } }),
  ]) {
    const { ann, now, errors, record } = deploying(migrate)
    await ann.connect()
    assert.equal(codes((await now.send({ action: 'look', id: '1' })).frames), ['INTERNAL'])
    assert.is(errors.length, 1)
    assert.is((await record())?.machine, 'door@1')
  }
})

test('62. a function of the old version that meets a state of the new one tells its peer to connect again', async () => {
  const { ann, now } = deploying(moves)
  await ann.connect()
  await now.send({ action: 'enter', id: '1' })
  assert.equal(codes((await ann.send({ action: 'look', id: '2' })).frames), ['FAILED_PRECONDITION'])
})

test('62. in mid-claim the new version waits for the old one; a claim that has expired is migrated, and its holder fenced', async () => {
  const { ann, now, hold, time, record } = deploying(moves)
  await ann.connect()
  const { entering, began, go } = hold()
  await began
  assert.equal(codes((await now.send({ action: 'enter', id: '1' })).frames), ['UNAVAILABLE'])
  time.at += 60_000
  assert.equal(codes((await now.send({ action: 'enter', id: '2' })).frames), [{ action: 'enter', id: '2' }])
  go()
  assert.equal(codes((await entering).frames), ['ABORTED'])
  assert.equal((await record())?.state, { value: 'inside', context: { visits: 8 } })
})

test('62. in mid-claim the old version may still commit, and the new one goes on from what it stored', async () => {
  const { ann, now, hold, record } = deploying(moves)
  await ann.connect()
  const { entering, began, go } = hold()
  await began
  go()
  assert.equal((await entering).frames, [{ action: 'enter', id: 'enter' }])
  assert.equal((await now.send({ action: 'look', id: '1' })).frames, [
    { action: 'look', id: '1', data: 'new, inside, 7' },
  ])
  assert.is((await record())?.machine, 'door@2')
})

test('a deadline of the old version goes on where the new one does not know it, and does nothing', async () => {
  const { ann, now, time } = deploying(moves)
  await ann.connect()
  time.at += 9_000
  assert.equal((await now.send({ action: 'enter', id: '1' })).frames, [{ action: 'enter', id: '1' }])
  assert.equal((await now.send({ action: 'look', id: '2' })).frames, [
    { action: 'look', id: '2', data: 'new, inside, 8' },
  ])
})

const timed = (version: string, delays: Readonly<Record<string, number>>) =>
  createMachine({
    id: 'door',
    version,
    initial: 'out',
    states: {
      out: { on: { enter: 'in' }, after: Object.fromEntries(Object.entries(delays).map(([to, ms]) => [ms, to])) },
      in: { on: { enter: stay } },
      late: { type: 'final' },
      later: { type: 'final' },
    },
  })

for (const [what, before, after, whole] of [
  ['a delay that the new version has newly begins when the state is moved', {}, { late: 30_000 }, 90_000 + 30_000],
  ['a delay that both versions have goes on', { late: 60_000 }, { late: 60_000 }, 60_000],
  ['a delay of another length begins anew', { late: 100_000 }, { later: 30_000 }, 90_000 + 30_000],
  ['a delay that the new version has no more is over', { late: 100_000 }, {}, undefined],
] as const)
  test(`62. ${what}`, async () => {
    const { net, time, kept, start } = world()
    const built = (version: string, delays: Readonly<Record<string, number>>) =>
      start
        .store(kept)
        .protocol(timed(version, delays), { migrate: ({ value }) => ({ value: value as 'out', context: {} }) })
        .onConnect(() => accept())
        .on('enter', () => {})
        .build()
    const ann = peer(built('1', before), net)
    const now = peer(built('2', after), net, ann.connectionId)
    await ann.connect()
    const look = async () => codes((await now.send({ action: 'nothing', id: 'x' })).frames)
    const due = async () => {
      // Any event of the protocol moves it; one that is refused leaves the rest as it is.
      await now.send({ action: 'enter', id: 'y', dep: 1 })
      return (await kept.records.read(ann.connectionId))?.due?.map(({ at }) => at - begun)
    }
    const begun = time.at
    time.at += whole === 60_000 ? 0 : 90_000
    await look()
    assert.equal((await due()) ?? [], whole === undefined ? [] : [whole])
  })

test('a migrate() that answers with anything but a state, or nothing, is a defect of the server', async () => {
  for (const answer of ['outside', Promise.resolve({ value: 'outside' }), {}, null]) {
    const { ann, now, errors } = deploying((() => answer) as never)
    await ann.connect()
    assert.equal(codes((await now.send({ action: 'look', id: '1' })).frames), ['INTERNAL'])
    assert.match(String(errors[0]), 'migrate() returns { value, context } of a state of this machine, or undefined.')
  }
})

test('onDisconnect sees the last state as its own version knows it, or none', async () => {
  const moved = deploying(moves)
  await moved.ann.connect()
  await moved.now.disconnect()
  assert.equal(moved.ends, ['outside'])
  const unknown = deploying()
  await unknown.ann.connect()
  await unknown.now.disconnect()
  assert.equal(unknown.ends, [undefined])
})

test.run()
