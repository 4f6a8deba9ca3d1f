import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NotFoundError, type Store } from 'ws-interlock'
import type { TaskJob } from 'ws-interlock/task'
import { quiet, rejection } from '../protocol/kit.ts'
import { wordsOf } from './plant.ts'
import { press, report, tokenIn } from './press.ts'

const test = suite('task: its end is an event')

let log: readonly unknown[] = []
let restore = () => {}
test.before.each(() => {
  const heard = quiet()
  log = heard.log
  restore = heard.restore
})
test.after.each(() => restore())

test('the next report may begin when the last one has ended, and not before', async () => {
  const works = press()
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('1'))
  assert.is(Object((await ann.send(report('2'))).frames[0]).error.code, 'FAILED_PRECONDITION')
  assert.is(await works.take(), true)
  assert.is(works.jobs.length, 1)
  const { taskId } = works.jobs[0] as TaskJob
  assert.equal(works.ends, [{ taskId, name: 'report', outcome: 'done', code: undefined }])
  assert.equal(wordsOf(ann.taken()), ['done well'])
  assert.ok('data' in Object((await ann.send(report('3'))).frames[0]))
  assert.is(works.jobs.length, 2)
  assert.equal(log, [])
})

test('the machine is told how a task ended, and of a refusal its code', async () => {
  const works = press({
    run: () => {
      throw new NotFoundError('There is no such report.')
    },
  })
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('1'))
  await works.take()
  const { taskId } = works.jobs[0] as TaskJob
  assert.equal(works.ends, [{ taskId, name: 'report', outcome: 'failed', code: 'NOT_FOUND' }])
  assert.is(await works.stateOf('ann'), 'idle')
})

test('of two ends of one task the machine takes one, also when the first was never said to have been told', async () => {
  let isDown = false
  const works = press({
    store: (kept) => {
      const blobs = kept.blobs as NonNullable<Store['blobs']>
      const put: typeof blobs.put = async (key, ...given) => {
        if (isDown && key.endsWith('/end')) throw new Error('the store is down')
        return blobs.put(key, ...given)
      }
      return { ...kept, blobs: { ...blobs, put } }
    },
  })
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('1'))
  const [first] = works.jobs
  isDown = true
  assert.is(await works.take(1, first), false)
  assert.is(await works.stateOf('ann'), 'idle')
  assert.equal(ann.taken(), [])
  isDown = false
  // Another report is under way by the time that the end of the first one is told.
  await ann.send(report('2'))
  await works.advance(60_000)
  assert.is(await works.take(2, first), true)
  assert.is(await works.stateOf('ann'), 'reporting')
  assert.equal(wordsOf(ann.taken()), ['done well'])
})

test('a store that is down when the machine is to be told fails the record, and both are told when it comes again', async () => {
  let isDown = false
  const works = press({
    run: () => {
      isDown = true
      return 'well'
    },
    store: (kept) => {
      const read: typeof kept.records.read = async (id) => {
        if (isDown && id === 'ann') throw new Error('the store is down')
        return kept.records.read(id)
      }
      return { ...kept, records: { ...kept.records, read } }
    },
  })
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('1'))
  const waiting = works.take()
  await works.advance(60_000)
  assert.is(await waiting, false)
  assert.equal(ann.taken(), [])
  assert.is(await works.stateOf('ann'), 'reporting')
  isDown = false
  assert.is(await works.take(2), true)
  assert.is(await works.stateOf('ann'), 'idle')
  assert.equal(wordsOf(ann.taken()), ['done well'])
})

test('what the machine does not take, or what is no event, is in the log, and the client is told all the same', async () => {
  const odd: readonly (readonly [ended: () => unknown, why: RegExp])[] = [
    [() => ({ type: 'report' }), /not allowed|Allowed/],
    [() => undefined, /takes an event of the machine/],
    [
      () => {
        throw new RangeError('no such end')
      },
      /no such end/,
    ],
  ]
  for (const [ended, why] of odd) {
    const works = press({ ended: ended as never }) // what plain JavaScript may return
    const ann = works.join('ann')
    await ann.connect()
    await ann.send(report('1'))
    const before = log.length
    assert.is(await works.take(), true)
    assert.equal(wordsOf(ann.taken()), ['done well'])
    const said = log[before] as Error
    assert.match(said.message, /The machine did not take the end of the task 'report'/)
    assert.match(String(Object(said.cause).message), why)
  }
})

test('a connection that nobody takes over is not missed by the end of its task', async () => {
  const works = press()
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('1'))
  works.line.cut('ann')
  await ann.disconnect()
  assert.is(await works.take(), true)
  assert.equal(log, [])
})

test('the end of a task is for the connection that took over', async () => {
  const works = press()
  const [ann, bob] = [works.join('ann'), works.join('bob')]
  await ann.connect()
  const token = tokenIn((await ann.send(report('1'))).frames)
  works.line.cut('ann')
  await ann.disconnect()
  await bob.connect()
  await bob.send({ action: '$resume', id: 'r', data: { token } })
  assert.is(await works.take(), true)
  assert.is(await works.stateOf('bob'), 'idle')
  assert.ok('data' in Object((await bob.send(report('2'))).frames[0]))
})

test('the end of a task that comes while nobody is there is part of the state that another connection takes over', async () => {
  const works = press()
  const [ann, bob] = [works.join('ann'), works.join('bob')]
  await ann.connect()
  const token = tokenIn((await ann.send(report('1'))).frames)
  works.line.cut('ann')
  await ann.disconnect()
  assert.is(await works.take(), true)
  await bob.connect()
  const { frames } = await bob.send({ action: '$resume', id: 'r', data: { token } })
  assert.is(Object(frames[0]).data.state, 'idle')
  assert.equal((await works.store.records.read('bob'))?.state?.context, { ends: ['done'] })
  // Once, whoever tells it again.
  const { taskId } = works.jobs[0] as TaskJob
  await works.app.server.connection('bob').dispatch({ type: 'ended', outcome: 'twice' }, { id: `task/${taskId}` })
  assert.equal((await works.store.records.read('bob'))?.state?.context, { ends: ['done'] })
})

test('an end waits for a connection that is just taking over, and goes with it', async () => {
  const works = press()
  const [ann, bob] = [works.join('ann'), works.join('bob')]
  await ann.connect()
  const token = tokenIn((await ann.send(report('1'))).frames)
  works.line.cut('ann')
  await ann.disconnect()
  await bob.connect()
  // As far as a function came that died over it.
  const old = await works.store.records.read('ann')
  const heir = await works.store.records.read('bob')
  if (!old?.closed || !heir) throw new Error('Both were there.')
  const moving = { token: 'x', deadline: works.clock.now() + 5_000, event: '$resume' }
  await works.store.records.replace('bob', heir.version, { ...heir, version: heir.version + 1, claim: moving })
  await works.store.records.replace('ann', old.version, {
    ...old,
    version: old.version + 1,
    closed: { ...old.closed, to: 'bob' },
  })
  const waiting = works.take()
  await works.advance(60_000)
  assert.is(await waiting, false)
  assert.is(await works.stateOf('ann'), 'reporting')
  await bob.send({ action: '$resume', id: 'r', data: { token } })
  assert.is(await works.stateOf('bob'), 'reporting')
  await works.advance(60_000)
  assert.is(await works.take(2), true)
  assert.is(await works.stateOf('bob'), 'idle')
})

test('an heir that was lost before it had anything leaves the state to the next one, and the end with it', async () => {
  const works = press()
  const [ann, bob, cy] = [works.join('ann'), works.join('bob'), works.join('cy')]
  await ann.connect()
  const token = tokenIn((await ann.send(report('1'))).frames)
  works.line.cut('ann')
  await ann.disconnect()
  await bob.connect()
  const old = await works.store.records.read('ann')
  if (!old?.closed) throw new Error('It was there.')
  await works.store.records.replace('ann', old.version, {
    ...old,
    version: old.version + 1,
    closed: { ...old.closed, to: 'bob', key: 'a key' },
  })
  await bob.disconnect()
  assert.is(await works.take(), true)
  assert.is(await works.stateOf('ann'), 'idle')
  await cy.connect()
  const { frames } = await cy.send({ action: '$resume', id: 'r', data: { token, key: 'a key' } })
  assert.is(Object(frames[0]).data.state, 'idle')
})

test('an event under an id is applied once, whatever ids the messages of the peer have', async () => {
  const works = press()
  const ann = works.join('ann')
  await ann.connect()
  await ann.send({ action: 'rest', id: 'task/1' })
  await ann.send({ action: 'rest', id: '@task/1' })
  await ann.send(report('2'))
  const { dispatch } = works.app.server.connection('ann')
  await Promise.all([1, 2].map(() => dispatch({ type: 'ended', outcome: 'done' }, { id: 'task/1' })))
  assert.equal((await works.store.records.read('ann'))?.state?.context, { ends: ['done'] })
  // Without one it is refused the second time, as ever.
  assert.is(Object(await rejection(dispatch({ type: 'ended', outcome: 'done' }))).code, 'FAILED_PRECONDITION')
  // And a peer may use the same id: its own are apart.
  assert.is(Object((await ann.send({ action: 'rest', id: 'task/1' })).frames[0]).error?.code, 'ALREADY_EXISTS')
  await ann.send({ action: 'rest', id: 'other' })
  assert.is(await works.stateOf('ann'), 'resting')
})

test('an id that is none is refused in a sentence', async () => {
  const works = press()
  await works.join('ann').connect()
  const { dispatch } = works.app.server.connection('ann')
  for (const id of ['', 'x'.repeat(129), 7, '\ud800'])
    assert.is(
      String(await rejection(dispatch({ type: 'ended', outcome: 'done' }, { id: id as string }))),
      "TypeError: dispatch() takes an id of 1 to 128 characters: dispatch(event, { id: 'order/17' }).",
    )
})

test('a mirror is told of the end, and as of its own last message', async () => {
  const works = press({ mirror: true })
  const ann = works.join('ann')
  await ann.connect()
  await ann.send(report('m1'))
  await works.take()
  const [state] = ann.taken().filter((frame) => Object(frame).event === '$state')
  const { state: value, id } = Object(state).data
  assert.equal([value, id], ['idle', 'm1'])
})

test.run()
