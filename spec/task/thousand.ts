import * as v from 'valibot'
import { WebSocket } from 'ws'
import { accept, ws } from 'ws-interlock'
import { connect } from 'ws-interlock/client'
import { startTask } from 'ws-interlock/client/task'
import { localGateway } from 'ws-interlock/local'
import { memory } from 'ws-interlock/store/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import { worker } from 'ws-interlock/worker'
import { type Queue, sqsOf } from '../kit/sqs.ts'

export interface Counts {
  /** Tasks whose result never came. */
  readonly lost: number
  /** Ends that were pushed to a client once more. */
  readonly twice: number
  /** Steps that were told. */
  readonly steps: number
  readonly perSecond: number
}

const STEPS = 10

const appOn = ({ client, queueUrl }: Queue) =>
  ws({ warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .task(
      'count',
      v.object({ to: v.number() }),
      { queue: sqsTasks({ client, queueUrl }) },
      async ({ data, progress }) => {
        for (let step = 1; step <= STEPS; step++) await progress(step / STEPS, `step ${step}`)
        return { counted: data.to }
      },
    )
    .build()

/** So many tasks of ten steps, through an SQS, over HTTP to the clients that wait for them. */
export const thousand = async (tasks: number, clients = 10): Promise<Counts> => {
  const sqs = sqsOf()
  const queue = await sqs.queue()
  const app = appOn(queue)
  const gateway = await localGateway(app)
  const began = performance.now()
  const ends = new Map<string, number>()
  let steps = 0
  const peers = Array.from({ length: clients }, () => {
    const client = connect<typeof app>(gateway.url, { WebSocket, maxQueue: tasks })
    const told = ({ taskId, state }: { readonly taskId: string; readonly state: string }) => {
      if (state === 'running') steps++
      else ends.set(taskId, (ends.get(taskId) ?? 0) + 1)
    }
    // What is pushed of tasks is `startTask`'s to hear: as seen on the wire.
    client.on('$task' as never, told as never)
    return client
  })
  try {
    const running = Array.from({ length: tasks }, (_, index) => {
      const client = peers[index % clients] ?? peers[0]
      return client ? startTask(client, 'count', { to: index }) : undefined
    }).flatMap((task) => task ?? [])
    const ids = await Promise.all(running.map(({ id }) => id))
    await queue.drain(worker(app))
    const results = await Promise.all(running.map(({ result }) => result))
    const lost = results.filter(({ counted }, index) => counted !== index).length
    return {
      lost: lost + ids.filter((id) => !ends.has(id)).length,
      twice: [...ends.values()].filter((count) => count > 1).length,
      steps,
      perSecond: tasks / ((performance.now() - began) / 1_000),
    }
  } finally {
    for (const peer of peers) peer.close()
    await gateway.close()
    await sqs.end()
  }
}
