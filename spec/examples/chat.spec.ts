import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { handler } from '../../examples/chat/server.ts'
import { PLACES, type Place } from '../kit/places.ts'

const enter = async (place: Place, name: string, room: string) => {
  const one = await place.peer(`?name=${name}`)
  await one.ask('auth', { token: 'let-me-in' })
  await one.ask('join', { room })
  await one.pushed('joined')
  return one
}

for (const [name, open] of PLACES) {
  const test = suite<{ place: Place }>(`examples/chat, ${name}`)

  test.before.each(async (context) => {
    context.place = await open(handler)
  })
  test.after.each(({ place }) => place.close())

  test('two who joined a room hear each other, and who comes and goes', async ({ place }) => {
    const ann = await enter(place, 'ann', 'tea')
    const bob = await enter(place, 'bob', 'tea')
    equal(await ann.pushed('joined'), { room: 'tea', name: 'bob' })
    equal(await ann.ask('send', { room: 'tea', text: 'hello' }), { action: 'send', id: '3' })
    const message = { room: 'tea', text: 'hello', from: 'ann' }
    equal(await ann.pushed('message'), message)
    equal(await bob.pushed('message'), message)
    bob.close()
    equal(await ann.pushed('left'), { room: 'tea', name: 'bob' })
  })

  test('join before auth is refused with a sentence, and works after it', async ({ place }) => {
    const ann = await place.peer('?name=ann')
    equal((await ann.ask('join', { room: 'tea' })).error, {
      code: 'FAILED_PRECONDITION',
      message: "'join' is not allowed in 'anonymous'. Allowed: auth.",
      details: { state: 'anonymous', allowed: ['auth'] },
    })
    is((await ann.ask('auth', { token: 'let-me-in' })).error, undefined)
    is((await ann.ask('join', { room: 'tea' })).error, undefined)
  })

  test('a wrong token leaves a peer where it was', async ({ place }) => {
    const ann = await place.peer('?name=ann')
    is((await ann.ask('auth', { token: 'please' })).error?.code, 'UNAUTHENTICATED')
    is((await ann.ask('join', { room: 'tea' })).error?.code, 'FAILED_PRECONDITION')
  })

  test('nobody speaks in a room that they have not joined', async ({ place }) => {
    const ann = await enter(place, 'ann', 'tea')
    is((await ann.ask('send', { room: 'coffee', text: 'hello' })).error?.code, 'PERMISSION_DENIED')
  })

  test('who gives no name is not let in', async ({ place }) => {
    is(await place.statusOf(''), 401)
    is(await place.statusOf('?name=%20'), 401)
  })

  test.run()
}
