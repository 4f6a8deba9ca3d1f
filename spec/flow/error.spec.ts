import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import {
  accept,
  InternalError,
  NotFoundError,
  PermissionDeniedError,
  UnavailableError,
  type WsError,
  ws,
} from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { setup } from 'xstate'
import { codesOf, peer, wire } from '../kit/wire.ts'

const test = suite('flow: errors')

const boom = new Error('secret')

/** An application whose handler throws what it is told, and the errors that `onError` saw. */
const throwing = (thrown: unknown, tell: (error: unknown) => WsError | undefined = () => undefined) => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('go', v.optional(v.string()), () => {
      throw thrown
    })
    .onError((error, { name, phase, connection }) => {
      seen.push([error, phase, name, connection.id])
      return tell(error)
    })
    .build()
  return { ...peer(app, net, 'ann='), seen }
}

const go = { action: 'go' }

test('onError sees what a handler threw, where, and of whom', async () => {
  const { send, seen } = throwing(boom)
  assert.equal(codesOf((await send(go)).frames), ['INTERNAL'])
  assert.equal(seen, [[boom, 'message', 'go', 'ann=']])
  assert.is((seen[0] as unknown[])[0], boom)
})

test('onError sees what a handler threw on purpose as well', async () => {
  const error = new NotFoundError('No such room.')
  const { send, seen } = throwing(error)
  assert.equal(codesOf((await send(go)).frames), ['NOT_FOUND'])
  assert.is((seen[0] as unknown[])[0], error)
})

test('the error that onError returns is the one that the peer is told', async () => {
  const { send } = throwing(boom, () => new UnavailableError('Try later.', { retryAfterMs: 50 }))
  assert.equal((await send({ ...go, id: '1' })).frames, [
    { action: 'go', id: '1', error: { code: 'UNAVAILABLE', message: 'Try later.', retryAfterMs: 50 } },
  ])
})

test('what onError returns and is no error of the library tells the peer nothing', async () => {
  const { send } = throwing(boom, () => ({ code: 'NOT_FOUND', message: 'secret' }) as never)
  assert.equal((await send(go)).frames, [{ action: 'go', error: { code: 'INTERNAL', message: 'Internal error' } }])
})

test('an InternalError keeps its message from the peer', async () => {
  const { send } = throwing(new InternalError('secret', { details: { secret: 1 } }))
  assert.equal((await send(go)).frames, [{ action: 'go', error: { code: 'INTERNAL', message: 'Internal error' } }])
})

for (const thrown of ['secret', undefined, null, 0])
  test(`a handler that throws ${JSON.stringify(thrown)} has failed`, async () => {
    const { send, seen } = throwing(thrown)
    assert.equal((await send(go)).frames, [{ action: 'go', error: { code: 'INTERNAL', message: 'Internal error' } }])
    assert.equal(seen, [[thrown, 'message', 'go', 'ann=']])
  })

test('what the library refuses on its own account is no news to the owner', async () => {
  const { send, seen } = throwing(boom)
  for (const body of ['', 'not JSON', '[]', { action: 'nowhere' }, { action: 'go', data: 5 }]) await send(body)
  assert.equal(seen, [])
})

/** Run with the log in hand. */
const logged = async (run: () => Promise<unknown>) => {
  const lines: unknown[] = []
  const { error } = console
  console.error = (...words) => void lines.push(...words)
  try {
    await run()
  } finally {
    console.error = error
  }
  return lines
}

test('an onError that throws loses neither failure, and the peer is told as if it were not there', async () => {
  const worse = new Error('worse')
  const { send } = throwing(boom, () => {
    throw worse
  })
  let frames: readonly unknown[] = []
  const lines = await logged(async () => {
    frames = (await send(go)).frames
  })
  assert.equal(lines, [boom, worse])
  assert.equal(codesOf(frames), ['INTERNAL'])
})

test('without onError a failure goes to the log, and a refusal does not', async () => {
  const net = wire()
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('fail', () => {
      throw boom
    })
    .on('refuse', () => {
      throw new PermissionDeniedError('Not you.')
    })
    .on('blame', () => {
      throw new PermissionDeniedError('Not you.', { cause: boom })
    })
    .build()
  const { send } = peer(app, net)
  assert.equal(await logged(() => send({ action: 'fail' })), [boom])
  assert.equal(await logged(() => send({ action: 'refuse' })), [])
  assert.is((await logged(() => send({ action: 'blame' }))).length, 1)
})

test('an action of the machine that fails after the commit is told to the owner, and the reply is sent', async () => {
  const net = wire()
  const store = memory()
  const seen: unknown[] = []
  const machine = setup({
    types: { events: {} as { type: 'go' } },
    actions: {
      ring: () => {
        throw boom
      },
    },
  }).createMachine({ id: 'm', initial: 'a', states: { a: { on: { go: { target: 'b', actions: 'ring' } } }, b: {} } })
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(store)
    .protocol(machine)
    .onConnect(() => accept())
    .on('go', () => 'went')
    .onError((error) => void seen.push(error))
    .build()
  const { connect, send, connectionId } = peer(app, net)
  await connect()
  assert.equal((await send(go)).frames, [{ action: 'go', data: 'went' }])
  assert.equal(seen, [boom])
  assert.is((await store.records.read(connectionId))?.state?.value, 'b')
})

test.run()
