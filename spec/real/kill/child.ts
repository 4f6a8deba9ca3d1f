import { subscribe } from 'node:diagnostics_channel'
import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connectEvent, disconnectEvent, messageEvent } from 'ws-interlock/testing'
import { open } from '../stores.ts'
import { application } from './app.ts'
import { crashing } from './crash.ts'
import type { Task } from './run.ts'

// A function that handles one event and dies on the way, as a process of its own. It tells its parent in lines what it
// has come to, by writes that are done when they return.

const tell = (line: string) => writeSync(1, `${line}\n`)
const die = (): never => {
  tell('dies')
  process.kill(process.pid, 'SIGKILL')
  throw new Error('It lives on.')
}

const sockets: Socket[] = []
subscribe('net.client.socket', (news) => {
  sockets.push((news as { readonly socket: Socket }).socket)
})
/** What waits for a socket to connect, or to drain, is not written. */
const written = () =>
  sockets.reduce((bytes, { bytesWritten, writableLength }) => bytes + bytesWritten - writableLength, 0)

const main = async ({ place, point, connectionId, lifeMs, endless }: Task) => {
  const { store } = open(place)
  // A warm function: its client is connected.
  await store.records.read('nobody')
  const leaves = () => {
    if (point.call === 'output') die()
    tell('posts')
  }
  const app = application({
    store: endless ? withoutEnd(crashing(store, point, written, die)) : crashing(store, point, written, die),
    gateway: {
      post: async () => {
        leaves()
        return { outcome: 'delivered' }
      },
      close: async () => ({ outcome: 'delivered' }),
      info: async () => undefined,
    },
    begins: (name) => {
      tell(`runs ${name}`)
      if (point.call === 'handler') die()
    },
  })
  // Only what the library reads of it.
  const context = { awsRequestId: 'killed', getRemainingTimeInMillis: () => lifeMs } as never
  await app(eventOf(point.deed, connectionId), context)
  tell('survives')
  // Its client would keep it alive.
  process.exit()
}

const eventOf = (deed: Task['point']['deed'], connectionId: string) => {
  if (deed === 'connect') return connectEvent({ connectionId })
  if (deed === 'disconnect') return disconnectEvent({ connectionId })
  return messageEvent({ connectionId, body: { action: deed, id: 'killed' } })
}

/** Claims that never end, to show that this is seen. */
const withoutEnd = ({ records, ...store }: ReturnType<typeof crashing>): ReturnType<typeof crashing> => ({
  ...store,
  records: {
    ...records,
    replace: (id, version, { claim, ...next }) =>
      records.replace(id, version, {
        ...next,
        ...(claim && { claim: { ...claim, deadline: Number.MAX_SAFE_INTEGER } }),
      }),
  },
})

// The first argument is the script.
void main(JSON.parse(process.argv[2] ?? '') as Task)
