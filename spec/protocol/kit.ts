import { type Options, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { wire } from '../kit/wire.ts'

/** Time that passes when it is told to. */
export const fakeTime = () => {
  const time = {
    at: 1_700_000_000_000,
    now: () => time.at,
    wait: async (ms: number) => {
      time.at += ms
    },
  }
  return time
}

/** The beginning of an application, with everything that it reaches in this process. */
export const world = (options: Options = {}) => {
  const net = wire()
  const time = fakeTime()
  const kept = memory({ now: time.now })
  let seed = 0
  const random = () => {
    seed = (seed * 16_807 + 1) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const start = ws({ gateway: net.gateway, clock: time, random, warn: () => {}, ...options })
  return { net, time, kept, start }
}

/** What a peer was told, in short: the code of an error or a farewell, and any other frame as it is. */
export const codes = (frames: readonly unknown[]) =>
  frames.map((frame) => {
    const { error, event, data } = Object(frame) as {
      error?: { code: string }
      event?: string
      data?: { code?: string }
    }
    return error?.code ?? (event ? `${event} ${data?.code}` : frame)
  })

/** What a promise was rejected with. */
export const rejection = async (promise: Promise<unknown>): Promise<unknown> => {
  let answer: unknown
  try {
    answer = await promise
  } catch (error) {
    return error
  }
  throw new Error(`It resolved: ${JSON.stringify(answer)}`)
}

/** Keep what would go to the log. */
export const quiet = () => {
  const { error } = console
  const log: unknown[] = []
  console.error = (line) => log.push(line)
  return {
    log,
    restore: () => {
      console.error = error
    },
  }
}
