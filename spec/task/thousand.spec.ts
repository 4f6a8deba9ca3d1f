import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { thousand } from './thousand.ts'

const test = suite('tasks through SQS')

const warnings: string[] = []
const note = ({ name }: Error) => void warnings.push(name)
test.before(() => void process.on('warning', note))
test.after(() => void process.off('warning', note))

test('of a hundred tasks with ten steps each no step, no result and no end is lost, and none is told twice', async () => {
  const { lost, twice, steps } = await thousand(100)
  assert.equal({ lost, twice, steps }, { lost: 0, twice: 0, steps: 1_000 })
})

test('the tasks of a batch share the end of their worker, and Node takes that for no leak', () => {
  assert.equal(
    warnings.filter((name) => name === 'MaxListenersExceededWarning'),
    [],
  )
})

test.run()
