import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { latch, peer, wire } from '../kit/wire.ts'
import { errorOf, one, Report, toldBy } from './desk.ts'

const test = suite('task: its message again, under a protocol')

const ask = (id: string, pages = 3) => ({ action: 'report', id, data: { pages } })

/** One report at a time, by a queue whose first call never comes back, as for a function that is killed in it. */
const dying = () => {
  const line = wire()
  const jobs: TaskJob[] = []
  const reached = latch()
  let isFirst = true
  const send = async (job: TaskJob) => {
    if (!isFirst) return void jobs.push(job)
    isFirst = false
    reached.open()
    await new Promise(() => {})
  }
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(memory())
    .protocol(one, { internal: ['ended'] })
    .onConnect(() => accept())
    .task('report', Report, { queue: tasks({ send }), ended: () => ({ type: 'ended' }) }, ({ data }) => data.pages)
    .build()
  return { jobs, reached, ann: peer(app, line) }
}

test('one whose function died after its commit is begun by the same message, and by no other', async () => {
  const { jobs, reached, ann } = dying()
  await ann.connect()
  void ann.send(ask('1'))
  await reached.passed
  const [refused] = (await ann.send(ask('2'))).frames
  assert.is(errorOf(refused).code, 'FAILED_PRECONDITION')
  assert.equal(jobs, [])
  const [again] = (await ann.send(ask('1'))).frames
  assert.equal(
    jobs.map(({ taskId, data }) => [taskId, data]),
    [[toldBy(again).taskId, { pages: 3 }]],
  )
})

test('whoever was not told the id of its task is told it again, and nothing is begun', async () => {
  const { jobs, reached, ann } = dying()
  await ann.connect()
  void ann.send(ask('1'))
  await reached.passed
  const told = []
  for (let turn = 0; turn < 3; turn++) told.push(toldBy((await ann.send(ask('1'))).frames[0]).taskId)
  assert.is(new Set(told).size, 1)
  assert.is(jobs.length, 1)
})

test('another message under the same id is refused as ever', async () => {
  const { jobs, reached, ann } = dying()
  await ann.connect()
  void ann.send(ask('1'))
  await reached.passed
  const { frames } = await ann.send({ ...ask('1'), action: 'report', data: { pages: 'none' } })
  assert.is(errorOf(frames[0]).code, 'INVALID_ARGUMENT')
  assert.equal(jobs, [])
})

test.run()
