import { createInterface } from 'node:readline'
import { dev } from '../lib/cli/dev.ts'
import { untilInterrupted } from '../lib/cli/stop.ts'
import { buildPage } from './page.ts'

interface Example {
  /** Query of the line to paste. */
  readonly query?: string
  /** What to type, once connected. */
  readonly messages: readonly object[]
  /** What a line typed where the example runs does: here sits whoever is no peer. */
  readonly desk?: { readonly hint: string; readonly take: (line: string, exports: object) => Promise<void> }
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
      take: async (line, exports) => {
        // Of the code that runs now: the module may have been loaded anew since.
        const { hammer } = exports as typeof import('./auction/server.ts')
        const [, lot] = /^hammer ([a-z0-9-]{1,32})$/.exec(line.trim()) ?? []
        if (lot) await hammer(lot)
      },
    },
  },
  ticker: {
    messages: [{ action: 'watch', id: '1', data: { symbol: 'ACME' } }],
    desk: {
      hint: 'Here you are the exchange. To say a price: ACME 12.50',
      take: async (line, exports) => {
        const { ticker } = exports as typeof import('./ticker/server.ts')
        const [, symbol = '', price] = /^([A-Z]{1,8}) (\d+(?:\.\d+)?)$/.exec(line.trim()) ?? []
        if (symbol) await ticker.server.channel(symbol).broadcast('price', { symbol, price: Number(price) })
      },
    },
  },
  report: { messages: [{ action: 'report', id: '1', data: { year: 2025, months: 12 } }] },
  orders: {
    messages: [{ action: 'order', id: '1', data: { order: 'tea-1', item: 'tea', quantity: 2, price: 4.5 } }],
    desk: {
      hint: 'Here you are the warehouse. To accept an order: accept tea-1',
      take: async (line, exports) => {
        const { shipFromDesk } = exports as typeof import('./orders/server.ts')
        const [, order] = /^accept ([a-z0-9-]{1,32})$/.exec(line.trim()) ?? []
        console.log(order ? await shipFromDesk(order) : 'Type: accept ORDER, such as accept tea-1.')
      },
    },
  },
  echo: { messages: [{ action: 'echo', id: '1', data: { text: 'Hello' } }] },
}

const NAMES = Object.keys(EXAMPLES).join(', ')
const USAGE = `npm start NAME runs an example: ${NAMES}. PORT=3002 npm start NAME listens on another port than 3001.`

/** Arguments in, exit code out. */
const start = async (args: readonly string[], { PORT = '3001' }: NodeJS.ProcessEnv): Promise<number> => {
  const [name = 'chat', ...rest] = args
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    console.log(USAGE)
    return 0
  }
  const misuse = misuseOf(name, rest, PORT)
  if (misuse) {
    console.error(`${misuse} ${USAGE}`)
    return 2
  }
  const example = Object.hasOwn(EXAMPLES, name) ? EXAMPLES[name] : undefined
  if (!example) {
    console.error(`There is no example '${name}'. There are: ${NAMES}.`)
    return 2
  }
  const { query, messages, desk } = example
  const page = await buildPage(`examples/${name}`, { watch: true })
  const server = await dev({
    file: `examples/${name}/server.ts`,
    port: Number(PORT),
    howToChoose: `Choose with the environment variable PORT: PORT=3002 npm start ${name}`,
    ...(query !== undefined && { query }),
    ...(page !== undefined && { page }),
  })
  console.log(['Then type, one at a time:', ...messages.map((message) => `  ${JSON.stringify(message)}`)].join('\n'))
  if (desk) {
    console.log(desk.hint)
    createInterface({ input: process.stdin, terminal: false }).on('line', (line) =>
      desk.take(line, server.exports()).catch(console.error),
    )
  }
  await untilInterrupted(server)
  return 0
}

const misuseOf = (name: string, rest: readonly string[], port: string) => {
  if (name.startsWith('-')) return `There is no option '${name}'.`
  if (rest.length > 0) return `One NAME is enough; '${rest.join(' ')}' is too much.`
  return /^\d{1,5}$/.test(port) && Number(port) <= 65_535 ? undefined : `PORT must be 0 to 65535, not '${port}'.`
}

try {
  process.exit(await start(process.argv.slice(2), process.env))
} catch (error) {
  // A port in use and the like: the sentence says what to do.
  console.error(error instanceof Error && error.cause ? error.message : error)
  process.exit(1)
}
