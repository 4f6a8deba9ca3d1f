import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ClientError, connect, RemoteError } from 'ws-interlock/client'
import { type ClientTask, followTask, startTask, type TaskStep } from 'ws-interlock/client/task'
import type { TestGateway, TestSocket } from 'ws-interlock/testing'
import { latch } from '../kit/wire.ts'
import { begin, codeOf, outcome, warmClient } from './kit.ts'
import { office, oneMachine, strictOffice } from './office.ts'

const test = suite('client: tasks')
test.before(async () => {
  await warmClient()
  await Promise.all([
    import('../../lib/task/work.ts'),
    import('../../lib/task/end.ts'),
    import('../../lib/state/heir.ts'),
    import('../../lib/state/resume.ts'),
  ])
})

const REPORT = { pages: 3, printed: '1970-01-01T00:00:00.000Z' }
const UNKNOWN = '01234567-89ab-4cde-8f01-23456789abcd'

/** An office, and a client of it that is connected. */
const opened = async () => {
  const parts = office()
  const begun = begin(parts.app, {}, { clock: parts.clock })
  await begun.client.send('ping')
  return { ...parts, ...begun }
}

const strict = (options: Parameters<typeof strictOffice>[0] = {}) => {
  const parts = strictOffice(options)
  return { ...parts, ...begin(parts.app, { protocol: oneMachine }) }
}

/**
 * Wait for something to happen. Where it takes time, that goes on from timer to timer, by so much at most, each time when all
 * is through that needs none; which is waited for here alone, since a report at its door is not through, and takes patience.
 */
const until = async (happened: () => unknown, gateway?: Gateway, stepMs = 1_000) => {
  for (let round = 1; !happened(); round++) {
    if (round > 1_000) throw new Error(`It does not happen: ${happened}`)
    // On a machine that is busy the loader and the clients of others take their time.
    if (round > 40) await new Promise((resolve) => setTimeout(resolve, 2))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    // Whoever waits for code has it by then.
    await import('../../lib/client/index.ts')
    if (!gateway || round % 4 > 0) continue
    await gateway.settled()
    if (!happened()) gateway.clock.step(gateway.clock.now() + stepMs)
  }
}
type Gateway = Pick<TestGateway<never>, 'settled' | 'clock'>
/** A worker that reports no progress looks so often whether it is to stop. */
const LOOK_MS = 15_000
/** Wait until a report is printing. */
const runs = (...tasks: readonly ClientTask<unknown>[]) => until(() => tasks.every(({ state }) => state === 'running'))
/** Whatever happens at once has happened. */
const passed = async () => {
  let rounds = 0
  await until(() => rounds++ > 8)
}

/** All steps of a task, as they come, and how its loop ended. */
const noted = (task: AsyncIterable<TaskStep>) => {
  const notes: (string | undefined)[] = []
  const read = async () => {
    for await (const { note } of task) notes.push(note)
  }
  return { notes, end: outcome(read()) }
}

/** As if the server had said it. */
const hear = (socket: TestSocket, data: object) =>
  socket.onmessage?.({ data: JSON.stringify({ event: '$task', data }) } as never) // all that is read of it

test('a task tells its steps, and at last its result, and that costs no further message', async () => {
  const { client, turn, end, seen, began } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  const { notes, end: loop } = noted(task)
  assert.is(task.state, 'starting')
  await runs(task)
  assert.equal([await task.id, task.state, notes], [began[0], 'running', ['page 1']])
  turn()
  await until(() => notes.length === 2)
  turn(true)
  assert.equal(await task.result, REPORT)
  await loop
  assert.equal([task.state, notes], ['done', ['page 1', 'page 2', 'page 3']])
  assert.equal(
    seen.filter(({ isOut }) => isOut).map(({ action }) => action),
    ['ping', 'report'],
  )
  await end()
})

test('of a worker that is through before the reply is there nothing is lost', async () => {
  const { client, turn, held, reply, end, seen } = await opened()
  held.add('report')
  turn(true)
  const tasks = [3, 2].map((pages) => startTask(client, 'report', { pages }))
  await until(() => seen.filter(({ event, data }) => event === '$task' && Object(data).state === 'done').length === 2)
  assert.equal(
    tasks.map(({ state }) => state),
    ['starting', 'starting'],
  )
  reply()
  assert.equal(
    (await Promise.all(tasks.map(({ result }) => result))).map(({ pages }) => pages),
    [3, 2],
  )
  const all = tasks.map(noted)
  await Promise.all(all.map(({ end }) => end))
  assert.equal(
    all.map(({ notes }) => notes),
    [
      ['page 1', 'page 2', 'page 3'],
      ['page 1', 'page 2'],
    ],
  )
  await end()
})

test('what comes twice counts once, and after the end nothing counts', async () => {
  const { client, end, socket } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  const { notes, end: loop } = noted(task)
  const told = { taskId: await task.id, name: 'report' }
  await runs(task)
  const say = (more: object) => hear(socket(), { ...told, ...more })
  for (const _ of [1, 2]) say({ state: 'running', fraction: 0.5, note: 'half' })
  // An attempt that begins anew.
  say({ state: 'running', fraction: 0 })
  say({ state: 'done', result: 'first' })
  say({ state: 'done', result: 'second' })
  say({ state: 'cancelled' })
  say({ state: 'running', fraction: 1, note: 'late' })
  assert.is(await task.result, 'first')
  await loop
  assert.equal([task.state, notes], ['done', ['page 1', 'half', undefined]])
  await end()
})

test('what is no news of a task is none', async () => {
  const { client, turn, end, socket } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  for (const data of [null, 7, {}, { taskId: 7 }] as object[]) hear(socket(), data)
  await task.id
  for (const data of [null, 7, {}, { taskId: UNKNOWN, name: 'report', state: 'done' }] as object[]) hear(socket(), data)
  turn(true)
  assert.equal(await task.result, REPORT)
  await end()
})

test('a task that fails is an error with its code and details, in the loop too', async () => {
  const { client, end } = await opened()
  const task = startTask(client, 'report', { pages: 10 })
  const { error } = await outcome(task.result)
  assert.instance(error, RemoteError)
  const { code, message, details, action } = error as RemoteError
  assert.equal([code, message, details, action], ['NOT_FOUND', 'There are nine pages.', { pages: 9 }, 'report'])
  assert.is((await noted(task).end).error, error)
  assert.is(task.state, 'failed')
  await end()
})

for (const resumes of [false, true])
  test(`a task outlives the connection that is lost, ${resumes ? 'also where the state is taken over' : 'and its steps come on the next one'}`, async () => {
    const { client, gateway, turn, end, socket, sent, began, dialled } = strict({ resumes })
    const task = startTask(client, 'report', { pages: 3 })
    const { notes, end: loop } = noted(task)
    await runs(task)
    for (const times of [1, 2]) {
      socket().vanish()
      await until(() => sent('$task').length === times, gateway)
    }
    assert.equal([client.state, notes, dialled.length], ['open', ['page 1'], 3])
    // The worker looks once a second for whom to tell.
    await gateway.advance(1_000)
    turn()
    await until(() => notes.length === 2)
    turn(true)
    assert.equal([await task.result, began.length], [REPORT, 1])
    await loop
    assert.equal(notes, ['page 1', 'page 2', 'page 3'])
    await end()
  })

test('a reply that is lost with its connection is got again, and nothing is begun twice', async () => {
  const parts = strictOffice({ resumes: true })
  let isLost = false
  const meet = (socket: TestSocket) =>
    socket.addEventListener('message', (event) => {
      if (isLost || JSON.parse(event.data).action !== 'report') return
      isLost = true
      event.stopImmediatePropagation()
      socket.vanish()
    })
  const { client, gateway, end, sent } = begin(parts.app, { protocol: oneMachine }, { meet })
  const task = startTask(client, 'report', { pages: 3 })
  await until(() => task.state === 'running', gateway)
  assert.equal([isLost, sent('report').length, parts.began], [true, 2, [await task.id]])
  parts.turn(true)
  assert.equal(await task.result, REPORT)
  await end()
})

test('the result of a task that ended while there was no connection comes with the next one', async () => {
  const parts = office()
  const door = latch()
  let tokens = 0
  // The next connection is not made before it may be.
  const token = async () => {
    if (tokens++ > 0) await door.passed
    return 'token'
  }
  const { client, gateway, end, socket } = begin(parts.app, { token, tokenBy: 'query' }, { clock: parts.clock })
  const tasks = [startTask(client, 'report', { pages: 3 }), startTask(client, 'report', { pages: 2 })]
  await runs(...tasks)
  socket().vanish()
  parts.turn(true)
  await until(() => tokens === 2, gateway)
  await gateway.settled()
  assert.equal([client.state, ...tasks.map(({ state }) => state)], ['waiting', 'running', 'running'])
  door.open()
  assert.equal(
    (await Promise.all(tasks.map(({ result }) => result))).map(({ pages }) => pages),
    [3, 2],
  )
  await end()
})

test('on a connection that replaces another one the task is told where it is', async () => {
  const { app, client, gateway, turn, end, socket, seen, states } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  const { notes, end: loop } = noted(task)
  await runs(task)
  const old = socket().connectionId
  await app.server.connection(old).goAway()
  await until(() => seen.some(({ isOut, action }) => !isOut && action === '$task'), gateway)
  assert.equal(states, ['open'])
  assert.is.not(socket().connectionId, old)
  turn(true)
  assert.equal(await task.result, REPORT)
  await loop
  assert.equal(notes, ['page 1', 'page 2', 'page 3'])
  // On both, and once for the task.
  const ends = () => seen.filter(({ event, data }) => event === '$task' && Object(data).state === 'done')
  await until(() => ends().some(({ connectionId }) => connectionId === socket().connectionId))
  await end()
})

test('a question that the server cannot answer is asked again', async () => {
  const { client, gateway, turn, failing, end, socket, seen, sent } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  await runs(task)
  // More often than one message is sent again.
  failing.questions = 10
  socket().vanish()
  await until(() => seen.some(({ isOut, action, data }) => !isOut && action === '$task' && data), gateway)
  assert.ok(new Set(sent('$task').map(({ id }) => id)).size > 1)
  assert.is(task.state, 'running')
  turn(true)
  assert.equal(await task.result, REPORT)
  await end()
})

test('another client follows a task by its id: from where it is, and after its end', async () => {
  const { client, gateway, clock, turn, end } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  const taskId = await task.id
  const { notes } = noted(task)
  await runs(task)
  // How far it is, is written down once a second, and as often it is looked who follows.
  await gateway.advance(1_000)
  turn()
  await until(() => notes.length === 2)
  const other: typeof client = connect(gateway.url, { WebSocket: gateway.WebSocket, clock })
  const both = [followTask(other, 'report', taskId), followTask(other, 'report', taskId)]
  const loops = both.map(noted)
  await runs(...both)
  await gateway.advance(1_000)
  turn(true)
  assert.equal(await Promise.all(both.map(({ result }) => result)), [REPORT, REPORT])
  for (const { end, notes } of loops) {
    await end
    assert.is(notes.at(-1), 'page 3')
    assert.not.ok(notes.includes('page 1'))
  }
  const late = followTask(other, 'report', taskId)
  assert.equal([await late.id, await late.result, late.state], [taskId, REPORT, 'done'])
  assert.equal([await task.result, notes], [REPORT, ['page 1', 'page 2', 'page 3']])
  other.close()
  await end()
})

test('two tabs follow one task: both hear each step and the end, and one that is closed keeps nothing from the other', async () => {
  for (const ends of ['done', 'cancelled', 'closed']) {
    const { client, gateway, clock, turn, end, errors } = await opened()
    const task = startTask(client, 'report', { pages: 3 })
    const first = noted(task)
    await runs(task)
    await gateway.advance(1_000)
    const other: typeof client = connect(gateway.url, { WebSocket: gateway.WebSocket, clock })
    const same = followTask(other, 'report', await task.id)
    const second = noted(same)
    await runs(same)
    await gateway.advance(1_000)
    turn()
    await until(() => first.notes.length === 2 && second.notes.includes('page 2'))
    if (ends === 'cancelled') {
      await task.cancel()
      await until(() => [task, same].every(({ state }) => state === 'cancelled'), gateway, LOOK_MS)
      assert.equal([await codeOf(task.result), await codeOf(same.result)], ['ABORTED', 'ABORTED'])
    } else {
      if (ends === 'closed') other.close()
      turn(true)
      assert.equal(await task.result, REPORT)
      const { value, error } = await outcome(same.result)
      assert.equal([value, error?.code], ends === 'done' ? [REPORT, undefined] : [undefined, 'CLOSED'])
    }
    await Promise.all([first.end, second.end])
    assert.equal(first.notes, ['page 1', 'page 2', ...(ends === 'cancelled' ? [] : ['page 3'])])
    assert.equal(second.notes.slice(-1), [ends === 'done' ? 'page 3' : 'page 2'])
    assert.equal(errors, [])
    other.close()
    await end()
  }
})

test('each loop over a task has all its steps, one that begins late and one after another that was left too', async () => {
  const { client, turn, end } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  const both = [noted(task), noted(task)]
  await runs(task)
  const left: unknown[] = []
  for await (const { note } of task) {
    left.push(note)
    break
  }
  turn(true)
  await task.result
  const late = noted(task)
  await Promise.all([...both, late].map(({ end }) => end))
  const all = ['page 1', 'page 2', 'page 3']
  assert.equal([left, ...both.map(({ notes }) => notes), late.notes], [['page 1'], all, all, all])
  await end()
})

test('of a task with very many steps the last 1,000 are kept', async () => {
  const { client, end, socket } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  await runs(task)
  const told = { taskId: await task.id, name: 'report' }
  for (let step = 1; step <= 1_200; step++) hear(socket(), { ...told, state: 'running', fraction: step / 1_200 })
  hear(socket(), { ...told, state: 'done', result: 'all' })
  const fractions: number[] = []
  for await (const { fraction } of task) fractions.push(fraction)
  assert.equal([fractions.length, fractions[0], fractions.at(-1)], [1_000, 201 / 1_200, 1])
  await end()
})

test('an id of no task, of another one, and one that is none are refused with a sentence', async () => {
  const { client, end } = await opened()
  const index = startTask(client, 'index', { pages: 10 })
  const taskId = await index.id
  await outcome(index.result)
  const said = async (id: string) => {
    const { error } = await outcome(followTask(client, 'report', id).result)
    return [error?.code, error?.message]
  }
  assert.equal(await said(UNKNOWN), ['NOT_FOUND', 'There is no such task, or it is over for longer than it is kept.'])
  assert.equal(await said(taskId), ['NOT_FOUND', `Task ${taskId} is one of 'index', and not of 'report'.`])
  assert.is((await said('seven'))[0], 'INVALID_ARGUMENT')
  await end()
})

test('cancelled before it has left, a task never begins', async () => {
  const { app, began } = office()
  const { client, end, sent } = begin(app)
  const task = startTask(client, 'report', { pages: 3 })
  assert.is(await task.cancel(), 'cancelled')
  const { error } = await outcome(task.result)
  assert.equal([error?.code, error?.message], ['ABORTED', "The task 'report' was cancelled."])
  assert.equal([await codeOf(task.id), task.state], ['ABORTED', 'cancelled'])
  await client.send('ping')
  assert.equal([sent('report').length, sent('$cancel').length, began], [0, 0, []])
  assert.is(await task.cancel(), 'cancelled')
  await end()
})

test('cancelled before its reply is there, a task is cancelled by its id', async () => {
  const { client, gateway, held, reply, end, sent, cancelled } = await opened()
  held.add('report')
  const task = startTask(client, 'report', { pages: 3 })
  await until(() => sent('report').length === 1)
  const cancelling = task.cancel()
  await passed()
  assert.is(sent('$cancel').length, 0)
  reply()
  assert.is(await cancelling, 'running')
  await until(() => task.state === 'cancelled', gateway, LOOK_MS)
  assert.equal([await codeOf(task.result), task.state, cancelled], ['ABORTED', 'cancelled', [await task.id]])
  await end()
})

test('cancelled while it runs, on a connection or before the next one, a task ends', async () => {
  for (const isCut of [false, true]) {
    const { client, gateway, end, socket, cancelled, errors } = await opened()
    const task = startTask(client, 'report', { pages: 3 })
    await runs(task)
    if (isCut) {
      socket().vanish()
      await until(() => client.state === 'waiting')
    }
    const all = [task.cancel(), task.cancel()]
    await until(() => task.state === 'cancelled', gateway, LOOK_MS)
    assert.equal([await Promise.all(all), await codeOf(task.result)], [['running', 'running'], 'ABORTED'])
    assert.equal([cancelled, errors], [[await task.id], []])
    await end()
  }
})

test('the line that is lost with a cancel on it costs nothing', async () => {
  const { client, gateway, end, socket, sent, cancelled } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  await runs(task)
  const cancelling = task.cancel()
  while (sent('$cancel').length === 0) await null
  socket().vanish()
  await until(() => task.state === 'cancelled', gateway, LOOK_MS)
  assert.equal([await cancelling, await codeOf(task.result), cancelled.length], ['running', 'ABORTED', 1])
  assert.is(sent('$cancel').length, 2)
  await end()
})

test('cancelled after its end, a task stays as it ended, and nobody is asked', async () => {
  const { client, turn, end, sent } = await opened()
  turn(true)
  const task = startTask(client, 'report', { pages: 3 })
  await task.result
  assert.equal([await task.cancel(), await task.result, sent('$cancel').length], ['done', REPORT, 0])
  await end()
})

test('a signal cancels: the result fails with its reason at once, and the server is told', async () => {
  const { client, gateway, end, cancelled, sent, errors } = await opened()
  const early = new AbortController()
  early.abort('never mind')
  const never = startTask(client, 'report', { pages: 3 }, { signal: early.signal })
  assert.equal([await reasonOf(never.result), await reasonOf(never.id)], ['never mind', 'never mind'])
  assert.is(sent('report').length, 0)

  const controller = new AbortController()
  const task = startTask(client, 'report', { pages: 3 }, { signal: controller.signal })
  const { end: loop } = noted(task)
  await runs(task)
  controller.abort('too slow')
  assert.equal([await reasonOf(task.result), (await loop).error], ['too slow', 'too slow'])
  await until(() => cancelled.length > 0, gateway, LOOK_MS)
  assert.equal([cancelled, sent('$cancel').length, errors], [[await task.id], 1, []])
  assert.equal([never.state, task.state], ['cancelled', 'cancelled'])
  await end()
})
const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => assert.unreachable(),
    (reason) => reason,
  )

test('a signal that aborts before the message has left, or before its reply is there', async () => {
  const { app, clock, held, reply, cancelled } = office()
  const { client, gateway, end, sent } = begin(app, {}, { clock })
  const [first, second] = [new AbortController(), new AbortController()]
  const unsent = startTask(client, 'report', { pages: 3 }, { signal: first.signal })
  first.abort('first')
  await client.send('ping')
  held.add('report')
  const task = startTask(client, 'report', { pages: 3 }, { signal: second.signal })
  await until(() => sent('report').length === 1)
  second.abort('second')
  assert.equal([await reasonOf(unsent.result), await reasonOf(task.result)], ['first', 'second'])
  reply()
  await until(() => cancelled.length > 0, gateway, LOOK_MS)
  assert.equal([sent('report').length, cancelled], [1, [await task.id]])
  await end()
})

test('a task that the protocol refuses says so, and after the end of the first one there may be another', async () => {
  const { client, turn, end } = strict()
  const first = startTask(client, 'report', { pages: 3 })
  await runs(first)
  const second = startTask(client, 'report', { pages: 3 })
  const { error } = await outcome(second.result)
  assert.equal([error?.code, await codeOf(second.id)], ['FAILED_PRECONDITION', 'FAILED_PRECONDITION'])
  assert.match(error?.message ?? '', "'report' is not allowed in 'reporting'.")
  assert.equal([second.state, await second.cancel()], ['failed', 'failed'])
  turn(true)
  await first.result
  await until(() => client.can('report'))
  assert.is((await startTask(client, 'report', { pages: 2 }).result).pages, 2)
  await end()
})

test('what is asked of a task waits for no message that may change the state', async () => {
  const { client, gateway, filed, end, sent, seen } = strict()
  const task = startTask(client, 'report', { pages: 3 })
  await runs(task)
  const filing = client.send('file')
  await until(() => sent('file').length === 1)
  await task.cancel()
  const again = followTask(client, 'report', await task.id)
  await runs(again)
  assert.is(
    seen.some(({ isOut, action }) => !isOut && action === 'file'),
    false,
  )
  await until(() => task.state === 'cancelled', gateway, LOOK_MS)
  assert.equal([await codeOf(task.result), await codeOf(again.result)], ['ABORTED', 'ABORTED'])
  filed()
  await filing
  await end()
})

test('leaving the loop leaves the task alone', async () => {
  const { client, turn, end, sent } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  for await (const { note } of task) {
    assert.is(note, 'page 1')
    break
  }
  turn(true)
  assert.equal([await task.result, sent('$cancel').length], [REPORT, 0])
  await end()
})

test('a client that is closed follows nothing: what is on its way fails, what has ended stays', async () => {
  const { client, turn, held, end, sent } = await opened()
  const running = startTask(client, 'report', { pages: 3 })
  const done = startTask(client, 'report', { pages: 1 })
  await runs(running, done)
  turn()
  await done.result
  held.add('report')
  const starting = startTask(client, 'report', { pages: 3 })
  await until(() => sent('report').length === 3)
  client.close()
  const after: ClientTask<unknown>[] = [
    startTask(client, 'report', { pages: 3 }),
    followTask(client, 'report', await running.id),
  ]
  for (const task of [starting, running, ...after]) {
    const { error } = await outcome(task.result)
    assert.instance(error, ClientError)
    assert.is(error?.code, 'CLOSED')
    assert.is((await noted(task).end).error, error)
    assert.is(await codeOf(task.cancel()), 'CLOSED')
    assert.is(task.state, 'unfollowed')
  }
  assert.match((await outcome(running.result)).error?.message ?? '', 'Nothing more will come: the client is closed.')
  assert.equal([done.state, (await done.result).pages, await done.cancel()], ['done', 1, 'done'])
  await end()
})

test('a cancel that waits for a connection fails when the client is closed', async () => {
  const { client, end, socket } = await opened()
  const task = startTask(client, 'report', { pages: 3 })
  await runs(task)
  socket().vanish()
  await until(() => client.state === 'waiting')
  const cancelling = task.cancel()
  client.close()
  assert.is(await codeOf(cancelling), 'CLOSED')
  await end()
})

test('what nobody waits for fails nobody', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const { client, end } = await opened()
    startTask(client, 'report', { pages: 10 })
    startTask(client, 'report', { pages: 3 })
    followTask(client, 'report', UNKNOWN)
    await passed()
    startTask(client, 'report', { pages: 3 }, { signal: AbortSignal.abort() })
    client.close()
    startTask(client, 'report', { pages: 3 })
    followTask(client, 'report', UNKNOWN)
    await passed()
    for (const isCut of [true, false]) {
      const { client, end, socket } = await opened()
      const task = startTask(client, 'report', { pages: 3 })
      await runs(task)
      if (isCut) socket().vanish()
      if (isCut) await until(() => client.state === 'waiting')
      for (const one of [task, followTask(client, 'report', UNKNOWN), startTask(client, 'report', { pages: 1 })])
        void one.cancel()
      await passed()
      client.close()
      await passed()
      void task.cancel()
      await passed()
      await end()
    }
    assert.equal(unhandled, [])
    await end()
  } finally {
    process.off('unhandledRejection', note)
  }
})

test('JavaScript: a route that is no task, and a client that is none, are refused in a sentence', async () => {
  const { client, end } = await opened()
  const { error } = await outcome(startTask(client as never, 'ping' as never).result)
  assert.instance(error, TypeError)
  assert.is(error?.message, "startTask: 'ping' is no task, its reply has no taskId.")
  for (const other of [{}, undefined, 'client'])
    assert.throws(() => startTask(other as never, 'report' as never), /a client that connect\(\) has made/)
  await end()
})

test.run()
