import { accept, ws } from 'ws-interlock'
import { sqsDeadlines } from 'ws-interlock/deadlines/sqs'
import { type Identity, type TokenOptions, token } from 'ws-interlock/guard'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { fakeClock, type TestGateway, testGateway } from 'ws-interlock/testing'
import { createMachine } from 'xstate'
import { stay } from '../../lib/protocol/stay.ts'
import { stoppedClock } from '../kit/wire.ts'

export const START = Date.UTC(2026, 0, 1)

/** `ann` is a token of ann's without an end, and `ann/300` one that is over 300 seconds after the start. */
export const verify = (shown: string): Identity => {
  const [userId = '', seconds] = shown.split('/')
  if (userId === 'forged') throw new Error('the signature does not match')
  return { userId, ...(seconds !== undefined && { expiresAt: START + Number(seconds) * 1000 }) }
}

export const bearer = (shown: string) => `bearer.${Buffer.from(shown).toString('base64url')}`

/** What the application has seen, in its order. */
export interface Told {
  readonly errors: unknown[]
  readonly tokens: unknown[]
}

/** An application that says who is there, with no protocol. */
export const plain = (options: Partial<TokenOptions<Identity>> = {}) => {
  const told: Told = { errors: [], tokens: [] }
  const clock = stoppedClock(START)
  const app = ws({ warn: () => {}, clock })
    .store(memory(clock))
    .use(token({ verify, ...options }))
    .onConnect(({ token: word }) => {
      told.tokens.push(word)
      return accept()
    })
    .on('who', ({ connection, token: word }) => [connection.userId ?? null, connection.expiresAt ?? null, word ?? null])
    .onDisconnect(({ connection }) => void told.tokens.push([connection.userId, connection.expiresAt]))
    .onError((error) => void told.errors.push(error))
    .build()
  return { app, told }
}

/** First in, then about; a nap takes ninety seconds. */
export const machine = createMachine({
  id: 'desk',
  initial: 'outside',
  states: {
    outside: { on: { enter: 'inside' } },
    inside: { on: { who: stay, nap: 'asleep' } },
    asleep: { on: { who: stay }, after: { 90000: 'inside' } },
  },
})

/** The same with a protocol; by default somebody looks when a time is over. */
export const ordered = ({
  silent = false,
  ...options
}: Partial<TokenOptions<Identity>> & { readonly silent?: boolean } = {}) => {
  const told: Told = { errors: [], tokens: [] }
  const client = { send: async () => Promise.reject(new Error('the queue was called')) }
  const deadlines = sqsDeadlines({ client, queueUrl: 'https://sqs.eu-west-1.amazonaws.com/1/deadlines' })
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(machine, {
      resume: resume({ secret: 'a secret of thirty-two characters' }),
      ...(!silent && { deadlines }),
    })
    .use(token({ verify, ...options }))
    .onConnect(() => accept())
    .on('enter', () => {})
    .on('nap', () => {})
    .on('who', ({ connection }) => [connection.userId ?? null, connection.expiresAt ?? null])
    .onError((error) => void told.errors.push(error))
    .build()
  return { app, told }
}

/** Tell a story in a gateway that begins at the start. */
export const on = async <A extends object>(app: A, story: (gateway: TestGateway<A>) => Promise<void>) => {
  const gateway = testGateway(app, { clock: fakeClock(START) })
  try {
    await story(gateway)
  } finally {
    await gateway.close()
  }
}

export const SECOND = 1_000
export const BYE = {
  event: '$bye',
  data: {
    code: 'UNAUTHENTICATED',
    message: 'The token of this connection has expired. Connect again with another one.',
  },
}
/** That the peer is asked for another one than that which is over so many seconds after the start. */
export const asked = (seconds: number) => ({ event: '$token', data: { expiresAt: START + seconds * SECOND } })
/** What the answers say, and the pushes as they are. */
export const heard = (frames: readonly unknown[]) =>
  frames.map((frame) => {
    const { error, action, data, event } = Object(frame)
    return event ? frame : (error?.code ?? `${action} ${JSON.stringify(data ?? null)}`)
  })
