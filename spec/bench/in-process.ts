import { testGateway } from 'ws-interlock/testing'
import { chat } from '../../examples/chat/server.ts'
import { median } from './measure.ts'
import { steps as machineSteps } from './protocol.ts'

export interface InProcess {
  readonly perSecond: number
  /** What a step of the machine and JSON takes here, in nanoseconds: how fast this machine is. */
  readonly referenceNs: number
}

/** Messages per second of the chat in process: a hundred connections in rooms of two, each with one message under way. */
export const inProcessRate = async ({ rounds = 15, each = 20 } = {}): Promise<InProcess> => {
  const gateway = testGateway(chat)
  const peers = await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      const room = `room${index >> 1}`
      const { request } = await gateway.connect({ query: { name: `peer${index}` } })
      await request('auth', { token: 'let-me-in' })
      await request('join', { room })
      return () => request('send', { room, text: 'Hello, everybody.' })
    }),
  )
  const round = async () => {
    const startedAt = performance.now()
    await Promise.all(
      peers.map(async (send) => {
        for (let count = 0; count < each; count++) await send()
      }),
    )
    return (peers.length * each * 1_000) / (performance.now() - startedAt)
  }
  const { scoped: step } = machineSteps()
  const reference = () => {
    const startedAt = performance.now()
    for (let count = 0; count < 2_000; count++) step()
    return ((performance.now() - startedAt) * 1e6) / 2_000
  }
  for (let warm = 0; warm < 5; warm++) {
    await round()
    reference()
  }
  const rates: number[] = []
  const steps: number[] = []
  for (let turn = 0; turn < rounds; turn++) {
    steps.push(reference())
    rates.push(await round())
  }
  await gateway.close()
  return { perSecond: median(rates), referenceNs: median(steps) }
}
