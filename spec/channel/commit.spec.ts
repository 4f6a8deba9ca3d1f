import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, type Store, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { latch, peer, wire } from '../kit/wire.ts'
import { code, listed, noise, said } from './kit.ts'

const test = suite('membership and the commit')

interface Channel {
  readonly join: () => Promise<void>
  readonly leave: () => Promise<void>
  readonly broadcast: (name: 'said', data: never) => Promise<void>
}

interface Acts extends Pick<Channel, 'join' | 'leave'> {
  readonly joinMany: (count: number) => Promise<void>
  readonly say: (text: unknown) => Promise<void>
}

/** A store that says what it is asked to change; one that can store memberships with a record, or one that cannot. */
const watched = ({ commit, ...store }: Store, calls: string[], whole: boolean): Store => ({
  ...store,
  ...(whole &&
    commit && {
      commit: (id, version, next, changes) => {
        calls.push(`commit +${changes.join} -${changes.leave}`)
        return commit(id, version, next, changes)
      },
    }),
  records: {
    ...store.records,
    replace: (id, version, next) => {
      calls.push(next.claim ? 'claim' : 'commit')
      return store.records.replace(id, version, next)
    },
  },
  memberships: {
    ...store.memberships,
    join: (id, channel) => {
      calls.push('join')
      return store.memberships.join(id, channel)
    },
    leave: (id, channel) => {
      calls.push('leave')
      return store.memberships.leave(id, channel)
    },
  },
})

/** A room whose door is a state: joining it is earned by the message that changes the state. */
const guarded = (whole: boolean, body: (acts: Acts) => unknown) => {
  const net = wire()
  const store = memory()
  const calls: string[] = []
  const machine = createMachine({
    initial: 'out',
    states: { out: { on: { enter: 'in' } }, in: { on: { exit: 'out', look: stay } } },
  })
  const run = ({ channel }: { readonly channel: (name: string) => Channel }) => {
    const { join, leave, broadcast } = channel('lobby')
    const joinMany = async (count: number) => {
      for (let index = 0; index < count; index++) await channel(`room ${index}`).join()
    }
    return body({ join, leave, joinMany, say: (text) => broadcast('said', { text } as never) })
  }
  const app = ws({ gateway: net.gateway, warn: () => {} })
    .store(watched(store, calls, whole))
    .pushes(noise)
    .protocol(machine)
    .onConnect(() => accept())
    .onError(() => {})
    .on('enter', run)
    .on('exit', run)
    .on('look', () => {})
    .build()
  const members = () => listed(app.server.channel('lobby').members())
  return { ann: peer(app, net), members, calls }
}

for (const [how, whole] of [
  ['together', true],
  ['one after the other', false],
] as const) {
  test(`${how}: a join is granted when its message is committed, and seen by nobody before`, async () => {
    const [began, go] = [latch(), latch()]
    const { ann, members } = guarded(whole, async ({ join, say }) => {
      await join()
      await say('I am in')
      began.open()
      await go.passed
    })
    await ann.connect()
    const entering = ann.send({ action: 'enter' })
    await began.passed
    assert.equal(await members(), [])
    assert.equal(ann.taken(), [])
    go.open()
    assert.equal((await entering).frames, [said('I am in')])
    assert.equal(await members(), [ann.connectionId])
  })

  test(`${how}: a handler that fails after a join leaves no membership, and nothing of what it said`, async () => {
    const { ann, members } = guarded(whole, async ({ join, say }) => {
      await join()
      await say('I am in')
      throw new RangeError('no')
    })
    await ann.connect()
    assert.is(code((await ann.send({ action: 'enter' })).frames), 'INTERNAL')
    assert.equal(await members(), [])
  })

  test(`${how}: a broadcast that does not fit its schema fails its message before the commit`, async () => {
    const { ann, members } = guarded(whole, async ({ join, say }) => {
      await join()
      await say(1)
    })
    await ann.connect()
    assert.is(code((await ann.send({ action: 'enter' })).frames), 'INTERNAL')
    assert.equal(await members(), [])
  })

  test(`${how}: a join and a leave are stored with the state, or the join after it and the leave before`, async () => {
    let leaving = false
    const { ann, members, calls } = guarded(whole, async ({ join, leave }) => (leaving ? leave() : join()))
    await ann.connect()
    await ann.send({ action: 'enter' })
    // The commit that a join follows keeps the claim, and one more write ends it.
    assert.equal(calls, whole ? ['claim', 'commit +lobby -'] : ['claim', 'claim', 'join', 'commit'])
    calls.length = 0
    leaving = true
    await ann.send({ action: 'exit' })
    assert.equal(calls, whole ? ['claim', 'commit + -lobby'] : ['claim', 'leave', 'commit'])
    assert.equal(await members(), [])
  })

  test(`${how}: a handler that fails after a leave leaves the membership as it was`, async () => {
    let leaving = false
    const { ann, members } = guarded(whole, async ({ join, leave }) => {
      await (leaving ? leave() : join())
      if (leaving) throw new RangeError('no')
    })
    await ann.connect()
    await ann.send({ action: 'enter' })
    leaving = true
    await ann.send({ action: 'exit' })
    assert.equal(await members(), [ann.connectionId])
  })

  test(`${how}: of a join and a leave in one message the later one counts`, async () => {
    for (const order of ['join leave', 'leave join', 'join leave join'] as const) {
      const { ann, members } = guarded(whole, async (acts) => {
        for (const act of order.split(' ')) await acts[act as 'join' | 'leave']()
      })
      await ann.connect()
      await ann.send({ action: 'enter' })
      assert.is((await members()).length, order.endsWith('join') ? 1 : 0, order)
    }
  })

  test(`${how}: a message that asks for more memberships than a store can keep at once fails, and changes none`, async () => {
    const { ann, members } = guarded(whole, async ({ join, joinMany }) => {
      await join()
      await joinMany(40)
    })
    await ann.connect()
    assert.is(code((await ann.send({ action: 'enter' })).frames), 'INTERNAL')
    assert.equal(await members(), [])
  })
}

test.run()
