import { accept, type Delivery, type Gateway, type Store, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { memory } from 'ws-interlock/store/memory'
import { worker } from 'ws-interlock/worker'
import { createMachine } from 'xstate'
import { stay } from '../../lib/protocol/stay.ts'
import { impatient, type Queue } from '../kit/sqs.ts'
import { peer, wire } from '../kit/wire.ts'
import { fakeTime } from '../protocol/kit.ts'

/** Five seconds to say hello; a warning after ten more without a word; and a long life after `rest`. */
export const greeting = createMachine({
  id: 'greeting',
  initial: 'new',
  states: {
    new: { on: { hello: 'known' }, after: { 5000: 'expired' } },
    known: { on: { hello: { target: 'known', reenter: true }, rest: 'resting' }, after: { 10000: 'warned' } },
    warned: { after: { 3000: 'expired' } },
    resting: { on: { hello: stay }, after: { 2000000: 'expired' } },
    expired: { type: 'final', description: 'You said nothing.' },
  },
})

/** What a spec can break, and how a handler is held. */
interface Faults {
  /** Whose record the store does not answer for. */
  storeDown: (connectionId: string) => boolean
  /** Called at each read of the store. */
  reading: () => Promise<void>
  throttled: boolean
  queueDown: boolean
  /** What the handler of `hello` does. */
  hello: () => Promise<void>
}

/**
 * An application with deadlines, and a worker of another instance of it. The queue is real, and nobody need wait for
 * it: what it was asked for is in `sent`.
 */
export const enforced = (queue: Queue) => {
  const net = wire()
  const time = fakeTime()
  const faults: Faults = {
    storeDown: () => false,
    reading: async () => {},
    throttled: false,
    queueDown: false,
    hello: async () => {},
  }
  const { store, calls } = watched(memory({ now: time.now }), faults)
  const { client, sent } = impatient(queue)
  const broken = {
    send: async (command: Parameters<typeof client.send>[0]) => {
      if (faults.queueDown) throw new Error('the queue is down')
      await client.send(command)
    },
  }
  const errors: unknown[] = []
  const start = ws({ gateway: throttling(net.gateway, faults), clock: time, random: () => 0.5, warn: () => {} })
  const deadlines = sqsDeadlines({ client: broken, queueUrl: queue.queueUrl, now: time.now })
  const build = () =>
    start
      .store(store)
      .protocol(greeting, { deadlines })
      .onConnect(() => accept())
      .onError((error) => void errors.push(error))
      .on('hello', () => faults.hello())
      .on('rest', () => {})
      .build()
  const app = build()
  const join = () => peer(app, net)
  return { ann: join(), join, app, work: worker(build()), net, time, store, calls, sent, errors, faults }
}

/** A store whose calls are written down. */
const watched = ({ records, ...kept }: Store, faults: Faults) => {
  const calls: string[] = []
  const come = async (call: string, connectionId: string) => {
    calls.push(call)
    if (call === 'read') await faults.reading()
    if (faults.storeDown(connectionId)) throw new Error('the store is down')
  }
  const store: Store = {
    ...kept,
    records: {
      create: async (connectionId, record) => {
        await come('create', connectionId)
        return records.create(connectionId, record)
      },
      read: async (connectionId) => {
        await come('read', connectionId)
        return records.read(connectionId)
      },
      replace: async (connectionId, version, next) => {
        await come('replace', connectionId)
        return records.replace(connectionId, version, next)
      },
      delete: records.delete,
    },
  }
  return { store, calls }
}

const throttling = (gateway: Gateway, faults: Faults): Gateway => ({
  ...gateway,
  post: async (connectionId, body, signal): Promise<Delivery> =>
    faults.throttled ? { outcome: 'throttled', retryAfterMs: 1_000 } : gateway.post(connectionId, body, signal),
})

export const delaysOf = (sent: readonly { readonly delaySeconds: number | undefined }[]) =>
  sent.map(({ delaySeconds }) => delaySeconds)
