import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { type TestClient, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { listed } from '../channel/kit.ts'

const test = suite('resume, with linger')

const desk = () => {
  const left: string[] = []
  const app = ws({ warn: () => {} })
    .store(memory())
    .pushes({ said: v.string() })
    .protocol(
      createMachine({
        id: 'desk',
        initial: 'outside',
        states: { outside: { on: { enter: 'inside' } }, inside: { on: { look: stay } } },
      }),
      { resume: resume({ secret: 'a secret of thirty-two characters' }) },
    )
    .onConnect(() => accept())
    .on('enter', ({ channel }) => channel('lobby').join())
    .on('look', ({ snapshot }) => snapshot.value)
    .onDisconnect(({ connection }) => void left.push(connection.id))
    .build()
  const gateway = testGateway(app)
  const enter = async () => {
    const client = await gateway.connect()
    await client.request('enter')
    const { data } = client.received.find((frame) => Object(frame).event === '$resume') as { data: { token: string } }
    return { client, token: data.token }
  }
  const takeOver = async (data: object) => {
    const client = await gateway.connect()
    client.send({ action: '$resume', id: '1', data })
    return { client, answer: (await client.next()) as { data?: { recovered: boolean }; error?: { code: string } } }
  }
  const members = () => listed(app.server.channel('lobby').members())
  return { app, gateway, enter, takeOver, members, left }
}

/** Under an id of its own: those of the old connection go on. */
const lookOf = async ({ send, next }: Pick<TestClient<unknown>, 'send' | 'next'>) => {
  send({ action: 'look', id: 'look' })
  return (Object(await next()) as { readonly data?: unknown }).data
}

test('the old connection stays open, and what it had is with the new one', async () => {
  const { app, gateway, enter, takeOver, members } = desk()
  const { client: old, token } = await enter()
  const { client: now, answer } = await takeOver({ token, linger: true })
  assert.is(answer.data?.recovered, true)
  assert.is(old.closed, undefined)
  assert.equal(await members(), [now.connectionId])
  assert.is(await lookOf(now), 'inside')
  await app.server.channel('lobby').broadcast('said', 'hello')
  assert.is(await now.pushed('said'), 'hello')
  assert.is(old.received.filter((frame) => Object(frame).event === 'said').length, 0)
  await gateway.close()
})

test('a word from the server still reaches the old one', async () => {
  const { app, gateway, enter, takeOver } = desk()
  const { client: old, token } = await enter()
  await takeOver({ token, linger: true })
  assert.is(await app.server.connection(old.connectionId).push('said', 'on its way'), true)
  assert.is(await old.pushed('said'), 'on its way')
  await gateway.close()
})

test('its client closes it when it likes, and nothing is taken from the new one', async () => {
  const { gateway, enter, takeOver, members, left } = desk()
  const { client: old, token } = await enter()
  const { client: now } = await takeOver({ token, linger: true })
  old.close(1000)
  await gateway.settled()
  assert.equal(left, [old.connectionId])
  assert.equal(await members(), [now.connectionId])
  assert.is(await lookOf(now), 'inside')
  await gateway.close()
})

test('a message on the old one changes nothing and is not answered', async () => {
  const { gateway, enter, takeOver, members } = desk()
  const { client: old, token } = await enter()
  const { client: now } = await takeOver({ token, linger: true })
  const before = old.received.length
  old.send({ action: 'enter', id: 'late' })
  await old.untilClosed()
  assert.is(old.received.length, before)
  assert.equal(await members(), [now.connectionId])
  assert.is(await lookOf(now), 'inside')
  await gateway.close()
})

for (const more of [{}, { linger: false }])
  test(`with ${JSON.stringify(more)} the old connection is closed`, async () => {
    const { gateway, enter, takeOver } = desk()
    const { client: old, token } = await enter()
    await takeOver({ token, ...more })
    await old.untilClosed()
    await gateway.close()
  })

test('a linger that is no boolean is refused, and takes nothing over', async () => {
  const { gateway, enter, takeOver, members } = desk()
  const { client: old, token } = await enter()
  const { answer } = await takeOver({ token, linger: 'please' })
  assert.is(answer.error?.code, 'INVALID_ARGUMENT')
  assert.equal(await members(), [old.connectionId])
  await gateway.close()
})

test.run()
