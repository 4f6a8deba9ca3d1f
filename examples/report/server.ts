import { SQSClient } from '@aws-sdk/client-sqs'
import * as v from 'valibot'
import { accept, NotFoundError, ws } from 'ws-interlock'
import { dynamodb } from 'ws-interlock/store/dynamodb'
import { memory } from 'ws-interlock/store/memory'
import { memoryTasks } from 'ws-interlock/task/memory'
import { sqsTasks } from 'ws-interlock/task/sqs'
import { worker } from 'ws-interlock/worker'
import { addUp, FIRST_YEAR, type Month, NAMES } from './books.ts'
import { reportProtocol } from './protocol.ts'

// On AWS the template sets both. Without them everything is in this process.
const { TABLE, QUEUE_URL } = process.env

const Wanted = v.object({
  year: v.pipe(v.number(), v.integer(), v.minValue(2000), v.maxValue(2100)),
  months: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(12)),
})

export const report = ws()
  .store(TABLE ? dynamodb({ tableName: TABLE }) : memory())
  // Clients mirror the machine, and hear of what they cannot know: the end of a task.
  .protocol(reportProtocol, { internal: ['reported'], mirror: true })
  // Whoever knows the id of a task may follow it: nobody has to say who they are.
  .onConnect(() => accept())
  .task(
    'report',
    Wanted,
    {
      queue: QUEUE_URL ? sqsTasks({ client: new SQSClient(), queueUrl: QUEUE_URL }) : memoryTasks(),
      // Whoever closes the page may come back for the result. An hour is enough.
      keepMs: 3_600_000,
      // However it ended, the next one may be asked for.
      ended: () => ({ type: 'reported' }),
    },
    async ({ data: { year, months }, progress, signal }) => {
      // Told as it is. Anything else that is thrown is tried again.
      if (year < FIRST_YEAR) throw new NotFoundError(`There are no books of ${year}.`)
      const sums: Month[] = []
      for (let month = 0; month < months; month++) {
        const told = (fraction: number) => progress((month + fraction) / months, `Adding up ${NAMES[month]}`)
        sums.push(await addUp(year, month, { told, signal }))
      }
      const total = (of: 'orders' | 'revenue') => sums.reduce((sum, month) => sum + month[of], 0)
      return { year, months: sums, orders: total('orders'), revenue: total('revenue') }
    },
  )
  .build()

/** What Lambda runs for the peers. */
export const handler = report

/** What Lambda runs for the queue. */
export const work = worker(report)
