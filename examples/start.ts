import { createInterface } from 'node:readline'
import { dev, untilInterrupted } from '../lib/cli/dev.ts'

interface Example {
  /** Query of the line to paste. */
  readonly query?: string
  /** What to type, once connected. */
  readonly messages: readonly object[]
  /** What a line typed where the example runs does: here sits whoever is no peer. */
  readonly desk?: { readonly hint: string; readonly take: (line: string) => Promise<void> }
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  chat: {
    query: 'name=ann',
    messages: [
      { action: 'auth', id: '1', data: { token: 'let-me-in' } },
      { action: 'join', id: '2', data: { room: 'lobby' } },
      { action: 'send', id: '3', data: { room: 'lobby', text: 'Hello' } },
    ],
  },
  auction: {
    query: 'name=ann',
    messages: [
      { action: 'enter', id: '1', data: { lot: 'clock' } },
      { action: 'bid', id: '2', data: { amount: 100 } },
    ],
    desk: {
      hint: 'Here you are the auctioneer. To sell a lot: hammer clock',
      take: async (line) => {
        const { hammer } = await import('./auction/server.ts')
        const [, lot] = /^hammer ([a-z0-9-]{1,32})$/.exec(line.trim()) ?? []
        if (lot) await hammer(lot)
      },
    },
  },
  echo: { messages: [{ action: 'echo', id: '1', data: { text: 'Hello' } }] },
}

/** Arguments in, exit code out. */
const start = async (name: string): Promise<number> => {
  const example = Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] : undefined
  if (!example) {
    console.error(`There is no example '${name}'. There are: ${Object.keys(EXAMPLES).join(', ')}.`)
    return 2
  }
  const { query, messages, desk } = example
  const gateway = await dev({
    file: `examples/${name}/server.ts`,
    port: Number(process.env.PORT ?? 3001),
    ...(query !== undefined && { query }),
  })
  console.log(['Then type, one at a time:', ...messages.map((message) => `  ${JSON.stringify(message)}`)].join('\n'))
  if (desk) {
    console.log(desk.hint)
    createInterface({ input: process.stdin, terminal: false }).on('line', (line) =>
      desk.take(line).catch(console.error),
    )
  }
  await untilInterrupted(gateway)
  return 0
}

try {
  process.exit(await start(process.argv[2] ?? 'chat'))
} catch (error) {
  // A port in use and the like: the sentence says what to do.
  console.error(error instanceof Error && error.cause ? error.message : error)
  process.exit(1)
}
