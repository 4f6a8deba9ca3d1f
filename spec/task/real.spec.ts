import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { type TaskJob, tasks } from 'ws-interlock/task'
import { worker } from 'ws-interlock/worker'
import { peer, wire } from '../kit/wire.ts'
import { quiet } from '../protocol/kit.ts'
import { placesFor } from '../real/places.ts'
import { open } from '../real/stores.ts'
import { eventOf } from './plant.ts'

const test = suite('task: on real stores')

for (const { name, run, place } of placesFor(test))
  run(`${name}: of five workers one ends the task, its client is told once, and finds the result later`, async () => {
    const { store, end } = open(await place())
    try {
      const line = wire()
      const jobs: TaskJob[] = []
      const queue = tasks({ send: async (job) => void jobs.push(job) })
      const result = 'x'.repeat(100_000)
      let runs = 0
      const build = () =>
        ws({ gateway: line.gateway, warn: () => {} })
          .store(store)
          .onConnect(() => accept())
          .task('report', v.object({ pages: v.number() }), { queue }, () => {
            runs++
            return result
          })
          .build()
      const ann = peer(build(), line)
      await ann.connect()
      await ann.send({ action: 'report', id: '1', data: { pages: 7 } })
      const [job] = jobs
      const take = async () => (await worker(build())(eventOf(job))).batchItemFailures.length === 0
      // Each of the four says that another one has it.
      const { restore } = quiet()
      const done = await Promise.all(Array.from({ length: 5 }, take)).finally(restore)
      assert.ok(done.includes(true))
      assert.is(await take(), true)
      assert.is(runs, 1)
      const told = { taskId: job?.taskId, name: 'report', state: 'done', result }
      assert.equal(ann.taken(), [{ event: '$task', data: told }])
      const { frames } = await ann.send({ action: '$task', id: '2', data: { taskId: job?.taskId } })
      assert.equal(frames, [{ action: '$task', id: '2', data: told }])
    } finally {
      end()
    }
  })

test.run()
