import * as v from 'valibot'
import { type Gateway, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { cutLate, peer, stoppedClock, wire } from '../kit/wire.ts'

const Room = v.object({ room: v.string() })
const Said = v.object({ room: v.string(), text: v.string(), except: v.optional(v.array(v.string())) })
export const noise = { said: v.object({ text: v.string() }) }

/** An application whose peers join, talk and leave as they like. */
export const room = (gateway?: Gateway) => {
  const clock = stoppedClock()
  const net = cutLate(wire(), clock)
  const store = memory(clock)
  const app = ws({ gateway: gateway ?? net.gateway, clock, warn: () => {} })
    .store(store)
    .pushes(noise)
    .onConnect(async ({ query, channel }) => {
      const name = query.get('room')
      if (name) await channel(name).join()
      if (query.has('refuse')) throw new RangeError('refused')
    })
    .onError(() => {})
    .on('join', Room, ({ data, channel }) => channel(data.room).join())
    .on('leave', Room, ({ data, channel }) => channel(data.room).leave())
    .on('who', Room, async ({ data, channel }) => listed(channel(data.room).members()))
    .on('say', Said, ({ data, channel }) =>
      channel(data.room).broadcast('said', { text: data.text }, data.except && { except: data.except }),
    )
    .on('whisper', Said, ({ data, channel }) =>
      channel(data.room).broadcast('said', { text: data.text }, { except: 'self' }),
    )
    .onDisconnect(async ({ channel, connection }) => {
      await channel('lobby').broadcast('said', { text: `${connection.id} left` })
    })
    .build()
  const enter = async (query = '?room=lobby') => {
    const one = peer(app, net)
    await one.connect({ query })
    return one
  }
  return { net, app, store, enter }
}

export const say = (text: string, more: object = {}) => ({ action: 'say', data: { room: 'lobby', text, ...more } })
export const said = (text: string) => ({ event: 'said', data: { text } })
export const code = ([frame]: readonly unknown[]) => (Object(frame) as { error?: { code: string } }).error?.code

/** All of what comes one by one. */
export const listed = async (items: AsyncIterable<string>) => {
  const all: string[] = []
  for await (const item of items) all.push(item)
  return all
}
