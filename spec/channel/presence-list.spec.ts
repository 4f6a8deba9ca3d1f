import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Store } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { presenceChannel } from '../../lib/store/own-channels.ts'
import { peer, stoppedClock, wire } from '../kit/wire.ts'
import { lobby } from './presence-kit.ts'

const test = suite('the list of who is present')

/** A store whose pages have two members each. */
const inPages = (store: Store): Store => ({
  ...store,
  memberships: {
    ...store.memberships,
    members: async (channel, cursor = '0') => {
      const { connectionIds, notes } = await store.memberships.members(channel)
      const [from, to] = [Number(cursor), Number(cursor) + 2]
      const page = { connectionIds: connectionIds.slice(from, to), ...(notes && { notes: notes.slice(from, to) }) }
      return to < connectionIds.length ? { ...page, cursor: `${to}` } : page
    },
  },
})

const visited = async (users: readonly string[]) => {
  const net = wire()
  const clock = stoppedClock()
  const store = inPages(memory(clock))
  const app = lobby(store, { gateway: net.gateway, clock })
  const peers = users.map(() => peer(app, net))
  for (const [index, user] of users.entries()) {
    await peers[index]?.connect({ query: `?user=${user}` })
    await peers[index]?.send({ action: 'track', data: { name: user } })
  }
  return { app, store, peers, list: () => app.server.channel('lobby').presence.list() }
}

const one = (key: string, connections = 1) => ({ key, meta: { name: key }, connections })

test('it is read to its last page, and has a user once, on whatever pages its connections are', async () => {
  const { list } = await visited(['ann', 'bob', 'cid', 'ann', 'dan', 'ann', 'eve'])
  assert.equal(await list(), [one('ann', 3), one('bob'), one('cid'), one('dan'), one('eve')])
})

test('a connection that a page has twice is counted once', async () => {
  const { app, store } = await visited(['ann', 'bob'])
  const { members } = store.memberships
  const twice: typeof members = async (channel, cursor) => {
    const page = await members(channel)
    return cursor === undefined ? { ...page, cursor: 'again' } : page
  }
  Object.assign(store.memberships, { members: twice })
  assert.equal(await app.server.channel('lobby').presence.list(), [one('ann'), one('bob')])
})

test('a note that cannot be read is left out, and the owner is told of the first one', async () => {
  const { list, store, peers } = await visited(['ann', 'bob', 'cid', 'dan', 'eve'])
  for (const [index, note] of [undefined, 'x', '{"k":1,"m":{},"a":1}', '{"k":"dan","m":{}}'].entries())
    await store.memberships.join(peers[index]?.connectionId ?? '', presenceChannel('lobby'), note)
  const errors: unknown[] = []
  const { error } = console
  console.error = (thrown) => void errors.push(thrown)
  try {
    assert.equal(await list(), [one('eve')])
    assert.equal(await list(), [one('eve')])
  } finally {
    console.error = error
  }
  assert.is(errors.length, 1)
  assert.match(String(errors[0]), new RegExp(`'${peers[0]?.connectionId}' in who is present in 'lobby'`))
})

test('of a channel where nobody ever was it is empty', async () => {
  const { app } = await visited(['ann'])
  assert.equal(await app.server.channel('cellar').presence.list(), [])
})

test.run()
