import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle } from '../kit/bundle.ts'

const test = suite('what an application carries')

const ROUTER = "import { accept, ws } from 'ws-interlock'\nws().onConnect(() => accept()).on('echo', () => 1).build()"
const PUBLISHING = `import { publishTo } from 'ws-interlock'\nimport { memory } from 'ws-interlock/publish/memory'\n${ROUTER}\nglobalThis.x = publishTo(memory())`
const TASKS = `import { memoryTasks } from 'ws-interlock/task/memory'\n${ROUTER}\nglobalThis.x = memoryTasks()`

const folders = (paths: readonly string[]) => new Set(paths.map((path) => path.split('/')[1] ?? ''))

test('one of routes alone carries nothing of events and of tasks, not even for later', async () => {
  const carried = folders((await bundle(ROUTER, 'node')).inputs)
  for (const folder of ['publish', 'task', 'state', 'protocol', 'channel']) assert.not(carried.has(folder), folder)
})

/** Before there were events and tasks it was 7.86. */
test('one of routes alone has grown by nothing at its start', async () => {
  const { startKiB } = await bundle(ROUTER, 'node')
  assert.ok(startKiB < 7.86, `${startKiB} KiB`)
})

test('who publishes carries what publishes, and who has tasks what begins them', async () => {
  assert.ok(folders((await bundle(PUBLISHING, 'node')).inputs).has('publish'))
  const tasks = folders((await bundle(TASKS, 'node')).inputs)
  assert.ok(tasks.has('task'))
  assert.not(tasks.has('publish'))
})

test.run()
