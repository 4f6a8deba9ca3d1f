import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { peer } from '../kit/peer.ts'
import { dev, project, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, an application with tasks')
test.after.each(tidyUp)

/** Its queue is nowhere. */
const APP = `
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import * as v from 'valibot'

const client = { send: async () => { throw new Error('no route to AWS') } }
const queue = sqsTasks({ client, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/tasks' })
export const handler = ws()
  .store(memory())
  .onConnect(() => accept())
  .task('shout', v.string(), { queue }, async ({ data, progress }) => {
    await progress(0.5)
    return data.toUpperCase()
  })
  .build()
`

test('a task is run without a queue', async () => {
  const { at } = project({ 'app.ts': APP })
  const { url } = dev(at('app.ts'))
  const ann = await peer(await url())
  const { data } = await ann.ask('shout', 'hello')
  const { taskId } = Object(data)
  assert.equal(await ann.pushed('$task'), { taskId, name: 'shout', state: 'running', fraction: 0.5 })
  assert.equal(await ann.pushed('$task'), { taskId, name: 'shout', state: 'done', result: 'HELLO' })
  ann.close()
})

test.run()
