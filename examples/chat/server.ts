import * as v from 'valibot'
import { reject, UnauthenticatedError, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { chatProtocol } from './protocol.ts'

const Room = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, 'a room is 1 to 32 of a-z, 0-9 and -'))
const Text = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(1000))

export const chat = ws()
  // The only line that changes on AWS: dynamodb({ tableName: 'chat' }), which all instances of the function share.
  .store(memory())
  .pushes({
    message: v.object({ room: Room, from: v.string(), text: v.string() }),
    joined: v.object({ room: Room, name: v.string() }),
    left: v.object({ room: Room, name: v.string() }),
  })
  .channels({ presence: v.object({ name: v.string() }) })
  .protocol(chatProtocol, { input: ({ query }) => ({ name: nameIn(query) }) })
  .onConnect(({ query }) => {
    if (!nameIn(query)) return reject(401, 'Say who you are: ?name=')
  })
  .on('auth', v.object({ token: v.string() }), async ({ data, connection, snapshot }) => {
    await verify(data.token)
    // Two tabs of one name are one person from here on.
    await connection.identify(snapshot.context.name)
  })
  .on('join', v.object({ room: Room }), async ({ data, channel, snapshot }) => {
    const { name } = snapshot.context
    const room = channel(data.room)
    await room.join()
    await room.broadcast('joined', { ...data, name })
    await room.presence.track({ name })
    return { present: await room.presence.list() }
  })
  .on('send', v.object({ room: Room, text: Text }), async ({ data, channel, snapshot }) => {
    await channel(data.room).broadcast('message', { ...data, from: snapshot.context.name })
  })
  .onDisconnect(async ({ channel, snapshot }) => {
    const { name = '', rooms = [] } = snapshot?.context ?? {}
    for (const room of rooms) await channel(room).broadcast('left', { room, name })
  })
  .build()

/** What Lambda runs. */
export const handler = chat

const nameIn = (query: URLSearchParams) => query.get('name')?.trim().slice(0, 32) ?? ''

/** A stand-in: one token for everybody. Yours asks whoever issued the token. */
const verify = async (token: string) => {
  if (token !== 'let-me-in')
    throw new UnauthenticatedError("That token is not known. In this example it is 'let-me-in'.")
}
