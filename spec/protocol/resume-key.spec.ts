import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { type TestClient, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { listed } from '../channel/kit.ts'

const test = suite('resume, with a key')

const WINDOW_MS = 60_000

const desk = () => {
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(
      createMachine({
        id: 'desk',
        initial: 'outside',
        states: {
          outside: { on: { enter: 'inside' } },
          inside: { on: { look: stay, turn: 'away' } },
          away: { on: { look: stay } },
        },
      }),
      { resume: resume({ secret: 'a secret of thirty-two characters', windowMs: WINDOW_MS }) },
    )
    .onConnect(() => accept())
    .on('enter', v.undefined(), ({ channel }) => channel('lobby').join())
    .on('turn', v.undefined(), () => {})
    .on('look', v.undefined(), ({ snapshot }) => snapshot.value)
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
    const { data: taken, error } = (await client.next()) as {
      readonly data?: { readonly recovered: boolean; readonly token: string }
      readonly error?: { readonly code: string; readonly details: { readonly reason?: string } }
    }
    return { client, taken, error }
  }
  const members = () => listed(app.server.channel('lobby').members())
  return { gateway, enter, takeOver, members }
}

/** Under an id of its own: those of the old connection go on. */
const answerOf = async ({ send, next }: Pick<TestClient<unknown>, 'send' | 'next'>, action: string) => {
  send({ action, id: action })
  return (Object(await next()) as { readonly data?: unknown }).data
}

test('the answer is lost with the connection: with the same key the token is good for the next one', async () => {
  const { gateway, enter, takeOver, members } = desk()
  const { token } = await enter()
  const { client: second } = await takeOver({ token, key: 'k' })
  for (const ends of [() => second.close(), () => {}]) {
    ends()
    await gateway.settled()
    const { client, taken } = await takeOver({ token, key: 'k' })
    assert.is(taken?.recovered, true)
    assert.equal(await members(), [client.connectionId])
    assert.is(await answerOf(client, 'look'), 'inside')
  }
  await gateway.close()
})

test('from there it goes on as ever: the next token is good, and those before it are not', async () => {
  const { gateway, enter, takeOver, members } = desk()
  const { token } = await enter()
  await takeOver({ token, key: 'k' })
  const { taken: third } = await takeOver({ token, key: 'k' })
  const { client: fourth, taken } = await takeOver({ token: third?.token, key: 'another' })
  assert.is(taken?.recovered, true)
  assert.is((await takeOver({ token: third?.token, key: 'k' })).error?.details.reason, 'resume-denied')
  assert.equal(await members(), [fourth.connectionId])
  await gateway.close()
})

for (const [first, then] of [
  ['k', 'another'],
  ['k', undefined],
  [undefined, 'k'],
  [undefined, undefined],
] as const)
  test(`a token shown with the key ${first} is spent for whoever shows it with the key ${then}`, async () => {
    const { gateway, enter, takeOver, members } = desk()
    const { token } = await enter()
    const { client: second } = await takeOver({ token, ...(first && { key: first }) })
    const { error } = await takeOver({ token, ...(then && { key: then }) })
    assert.equal([error?.code, error?.details.reason], ['FAILED_PRECONDITION', 'resume-denied'])
    assert.equal(await members(), [second.connectionId])
    assert.is(await answerOf(second, 'look'), 'inside')
    await gateway.close()
  })

test('once a message was applied there the answer has come, and the token is spent whatever the key', async () => {
  const { gateway, enter, takeOver } = desk()
  const { token } = await enter()
  const { client: second } = await takeOver({ token, key: 'k' })
  await answerOf(second, 'turn')
  const { error } = await takeOver({ token, key: 'k' })
  assert.is(error?.details.reason, 'resume-denied')
  assert.is(await answerOf(second, 'look'), 'away')
  await gateway.close()
})

test('after the window it is spent too', async () => {
  const { gateway, enter, takeOver } = desk()
  const { token } = await enter()
  await takeOver({ token, key: 'k' })
  await gateway.advance(WINDOW_MS + 1)
  assert.is((await takeOver({ token, key: 'k' })).error?.details.reason, 'resume-denied')
  await gateway.close()
})

for (const key of ['', 'x'.repeat(65), 7, null])
  test(`a key that is ${JSON.stringify(key).slice(0, 9)} is refused, and takes nothing over`, async () => {
    const { gateway, enter, takeOver, members } = desk()
    const { client: old, token } = await enter()
    assert.is((await takeOver({ token, key })).error?.code, 'INVALID_ARGUMENT')
    assert.equal(await members(), [old.connectionId])
    await gateway.close()
  })

test.run()
