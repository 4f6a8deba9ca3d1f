import fc, { type Arbitrary } from 'fast-check'
import { suite } from 'uvu'
import { warm } from '../kit/warm.ts'
import { quiet } from '../protocol/kit.ts'
import { holds } from '../races/seeded.ts'
import { type Contest, calmContests, contests, run } from './contest.ts'

const test = suite('task: ended once')
test.before(async () => {
  await warm()
  await Promise.all([
    import('../../lib/task/work.ts'),
    import('../../lib/task/job.ts'),
    import('../../lib/state/heir.ts'),
  ])
})

const holding = (contest: Arbitrary<Contest>) =>
  fc.asyncProperty(fc.scheduler(), contest, async (scheduler, given) => {
    const { restore } = quiet()
    const wrongs = await run(scheduler, given).finally(restore)
    if (wrongs.length > 0) throw new Error(wrongs.join('\n'))
  })

test('whoever works on a task at once, dies, sleeps or loses its calls: it ends once, and its client and machine are told', () =>
  holds('a task among several workers', 250, holding(contests)))

test('where nothing fails one worker runs it at a time, and no client is told twice', () =>
  holds('a task among several workers, calmly', 150, holding(calmContests)))

test.run()
