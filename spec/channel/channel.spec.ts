import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { code, listed, room, said, say } from './kit.ts'

const test = suite('channels')

test('what is broadcast reaches every member, the sender too, and nobody else', async () => {
  const { enter } = room()
  const [ann, bob, eve] = [await enter(), await enter(), await enter('')]
  assert.equal((await ann.send(say('hi'))).frames, [said('hi')])
  assert.equal(bob.taken(), [said('hi')])
  assert.equal(eve.taken(), [])
})

test('who is no member may not broadcast', async () => {
  const { enter } = room()
  const [ann, eve] = [await enter(), await enter('')]
  const { frames } = await eve.send(say('spam'))
  assert.is(code(frames), 'PERMISSION_DENIED')
  assert.equal(ann.taken(), [])
})

test('who has joined may broadcast, and who has left may not', async () => {
  const { enter } = room()
  const ann = await enter('')
  await ann.send({ action: 'join', data: { room: 'lobby' } })
  assert.equal((await ann.send(say('hi'))).frames, [said('hi')])
  await ann.send({ action: 'leave', data: { room: 'lobby' } })
  assert.is(code((await ann.send(say('hi'))).frames), 'PERMISSION_DENIED')
})

test('a member of one channel is none of another', async () => {
  const { enter } = room()
  const ann = await enter('?room=cellar')
  assert.is(code((await ann.send(say('hi'))).frames), 'PERMISSION_DENIED')
})

test('a broadcast can leave out its sender', async () => {
  const { enter } = room()
  const [ann, bob] = [await enter(), await enter()]
  assert.equal((await ann.send({ ...say('hi'), action: 'whisper' })).frames, [])
  assert.equal(bob.taken(), [said('hi')])
})

test('a broadcast can leave out connections by their ids', async () => {
  const { enter } = room()
  const [ann, bob, cid] = [await enter(), await enter(), await enter()]
  await ann.send(say('hi', { except: [bob.connectionId, 'nobody'] }))
  assert.equal(bob.taken(), [])
  assert.equal(cid.taken(), [said('hi')])
})

test('the members of a channel can be listed', async () => {
  const { enter } = room()
  const [ann, bob] = [await enter(), await enter()]
  const [frame] = (await ann.send({ action: 'who', data: { room: 'lobby' } })).frames
  assert.equal(new Set(Object(frame).data as string[]), new Set([ann.connectionId, bob.connectionId]))
})

test('a peer that onConnect turned away after all is no member', async () => {
  const { enter, app } = room()
  await enter('?room=lobby&refuse')
  assert.equal(await listed(app.server.channel('lobby').members()), [])
})

test('who has disconnected is a member no more, and its farewell reaches the others', async () => {
  const { enter, app } = room()
  const [ann, bob] = [await enter(), await enter()]
  await ann.disconnect()
  assert.equal(bob.taken(), [said(`${ann.connectionId} left`)])
  assert.equal(ann.taken(), [])
  assert.equal(await listed(app.server.channel('lobby').members()), [bob.connectionId])
})

for (const name of ['', 'x'.repeat(129), 'a\nb', 'a\u0000b', '\ud800'])
  test(`${JSON.stringify(name).slice(0, 12)} is no name of a channel`, async () => {
    const { enter, app } = room()
    const ann = await enter()
    const body = { action: 'join', data: { room: name } }
    assert.is(code((await ann.send(body)).frames), 'INVALID_ARGUMENT')
    assert.throws(() => app.server.channel(name), /The name of a channel is 1 to 128 characters/)
  })

test('a name of 128 characters is one, whatever the characters', async () => {
  const { enter } = room()
  const ann = await enter('')
  const data = { room: '🙂'.repeat(64) }
  assert.equal((await ann.send({ action: 'join', id: '1', data })).frames, [{ action: 'join', id: '1' }])
})

test('a member that is gone is removed, and the others get what was broadcast', async () => {
  const { enter, app, net, store } = room()
  const [ann, bob, cid] = [await enter(), await enter(), await enter()]
  net.cut(bob.connectionId)
  assert.equal((await ann.send(say('hi'))).frames, [said('hi')])
  assert.equal(cid.taken(), [said('hi')])
  assert.equal(
    (await listed(app.server.channel('lobby').members())).sort(),
    [ann.connectionId, cid.connectionId].sort(),
  )
  assert.is((await store.records.read(bob.connectionId))?.closed?.by, 'gone')
})

test('the server broadcasts without being a member, and is told what came of it', async () => {
  const { enter, app, net } = room()
  const [ann, bob, cid] = [await enter(), await enter(), await enter()]
  net.cut(bob.connectionId)
  const { broadcast } = app.server.channel('lobby')
  assert.equal(await broadcast('said', { text: 'hi' }, { except: [cid.connectionId] }), {
    delivered: 1,
    gone: 1,
    throttled: 0,
    failed: 0,
    deferred: 0,
  })
  assert.equal(ann.taken(), [said('hi')])
  assert.equal(cid.taken(), [])
})

test('a broadcast that does not fit its schema is refused, and reaches nobody', async () => {
  const { enter, app } = room()
  const ann = await enter()
  const sending = app.server.channel('lobby').broadcast('said', { text: 1 } as never)
  const error = await sending.catch((reason: unknown) => reason)
  assert.match(String(error), "The data of the push 'said' is not valid")
  assert.equal(ann.taken(), [])
})

test.run()
