import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { memoryTasks } from 'ws-interlock/task/memory'
import { peer, wire } from '../kit/wire.ts'

// A process of its own: one task in real time, which is done or fails. Says so, and then how many timers hold the process.
const [outcome = 'done'] = process.argv.slice(2)
const line = wire()
let isOver = false
console.error = () => {
  isOver = true
}
const { gateway } = line
const post: typeof gateway.post = async (id, body, ...given) => {
  isOver ||= String(body).includes('"done"')
  return gateway.post(id, body, ...given)
}
const app = ws({ gateway: { ...gateway, post }, warn: () => {} })
  .store(memory())
  .onConnect(() => accept())
  .task('type', v.string(), { queue: memoryTasks() }, async ({ data }) => {
    if (outcome === 'failed') throw new Error('no paper')
    // By then somebody beats beside it.
    await new Promise((resolve) => setImmediate(resolve))
    return data
  })
  .build()
const ann = peer(app, line)
await ann.connect()
await ann.send({ action: 'type', id: '1', data: 'hello' })

const turns = async (until: () => boolean) => {
  while (!until()) await new Promise((resolve) => setImmediate(resolve))
}
await turns(() => isOver)
// Its worker has a few things to put away.
let left = 20
await turns(() => left-- === 0)
const holding = process.getActiveResourcesInfo().filter((name) => name === 'Timeout')
console.log(`${outcome}\n${holding.length}`)
