import { type } from 'arktype'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Schema, ws } from 'ws-interlock'
import { z } from 'zod'
import { peer, wire } from '../kit/wire.ts'

const test = suite('flow: schemas')

interface Order {
  readonly at: Date
  readonly items: readonly string[]
}

/** The same schema by three makers: it turns a text to a date. */
const makers: Readonly<Record<string, Schema<unknown, Order>>> = {
  Valibot: v.object({ at: v.pipe(v.string(), v.isoTimestamp(), v.toDate()), items: v.array(v.string()) }),
  Zod: z.object({ at: z.iso.datetime().transform((at) => new Date(at)), items: z.array(z.string()) }),
  ArkType: type({ at: 'string.date.iso.parse', items: 'string[]' }),
}

for (const [maker, schema] of Object.entries(makers)) {
  const ordering = () => {
    const net = wire()
    const orders: Order[] = []
    const app = ws({ gateway: net.gateway })
      .onConnect(() => accept())
      .on('order', schema, ({ data }) => {
        orders.push(data)
      })
      .build()
    return { ...peer(app, net), orders }
  }

  test(`a schema of ${maker} gives the handler what it makes of the data`, async () => {
    const { send, orders } = ordering()
    const data = { at: '2024-02-19T07:11:42.000Z', items: ['tea'] }
    assert.equal((await send({ action: 'order', data })).frames, [])
    assert.equal(orders, [{ at: new Date('2024-02-19T07:11:42.000Z'), items: ['tea'] }])
  })

  test(`a schema of ${maker} refuses the rest with its own words and the path`, async () => {
    const { send, orders } = ordering()
    const { frames } = await send({ action: 'order', data: { at: '2024-02-19T07:11:42.000Z', items: ['tea', 5] } })
    const [{ error }] = frames as [
      { error: { code: string; message: string; details: { issues: { path: string; message: string }[] } } },
    ]
    assert.is(error.code, 'INVALID_ARGUMENT')
    const [issue] = error.details.issues
    assert.is(issue?.path, 'items.1')
    assert.is(error.message, `The data of 'order' is not valid: items.1: ${issue?.message}`)
    assert.equal(orders, [])
  })
}

test('a route without a schema takes no data, whatever was sent', async () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .onConnect(() => accept())
    .on('ping', ({ data }) => {
      seen.push(data)
    })
    .build()
  await peer(app, net).send({ action: 'ping', data: { admin: true } })
  assert.equal(seen, [undefined])
})

test('what the authorizer returned is what its schema makes of it, in every phase', async () => {
  const net = wire()
  const seen: unknown[] = []
  const app = ws({ gateway: net.gateway })
    .authorizer(v.object({ principalId: v.string(), level: v.pipe(v.string(), v.toNumber()) }))
    .onConnect(({ authorizer }) => void seen.push(authorizer))
    .on('go', ({ authorizer }) => void seen.push(authorizer.level + 1))
    .onDisconnect(({ authorizer }) => void seen.push(authorizer.level))
    .build()
  const { connect, send, disconnect } = peer(app, net)
  const authorizer = { principalId: 'ann', level: '3', integrationLatency: 12 }
  await connect({ authorizer })
  await send({ action: 'go' }, { authorizer })
  await disconnect({ authorizer })
  assert.equal(seen, [{ principalId: 'ann', level: 3 }, 4, 3])
})

test('what the authorizer returned and its schema refuses is a defect of the server, and no handler runs', async () => {
  const net = wire()
  const errors: unknown[] = []
  let ran = 0
  const app = ws({ gateway: net.gateway })
    .authorizer(v.object({ level: v.string('No level.') }))
    .onConnect(() => void ran++)
    .on('go', () => void ran++)
    .onError((error) => void errors.push((error as Error).message))
    .build()
  const { connect, send } = peer(app, net)
  assert.equal(await connect(), { statusCode: 500, body: 'Internal error' })
  const { frames } = await send({ action: 'go' }, { authorizer: { level: 3 } })
  assert.equal(frames, [{ action: 'go', error: { code: 'INTERNAL', message: 'Internal error' } }])
  assert.is(ran, 0)
  assert.is(errors.length, 2)
  assert.match(String(errors[1]), 'No level.')
})

test.run()
