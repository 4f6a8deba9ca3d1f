import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { localGateway } from '../../lib/local/index.ts'
import { peer, within } from '../kit/peer.ts'

const test = suite('npm start')

// The shell that npm puts between would hide the exit code behind its own 130.
const [program = '', ...given]: string[] = JSON.parse(readFileSync('package.json', 'utf8')).scripts.start.split(' ')
const USAGE =
  'npm start NAME runs an example: chat, auction, ticker, report, orders, echo. PORT=3002 npm start NAME listens on another port than 3001.'
const running = new Set<ChildProcess>()

const run = (name: string, args: readonly string[], port = '0') => {
  const env = { ...process.env, PORT: port }
  // A group of its own: Ctrl-C reaches every process of it.
  const child = spawn(name === 'node' ? process.execPath : `node_modules/.bin/${name}`, args, { env, detached: true })
  running.add(child)
  let output = ''
  const news = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      output += text
      for (const tell of news) tell()
    })
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      running.delete(child)
      resolve(code)
    }),
  )
  return {
    output: () => output,
    prints: (text: string) =>
      within<void>(`'${text}' in: ${output}`, (done) => {
        const look = () => output.includes(text) && done()
        news.add(look)
        look()
      }),
    types: (line: string) => child.stdin.write(`${line}\n`),
    interrupt: () => process.kill(-Number(child.pid), 'SIGINT'),
    ends: () => within<number | null>(`the end of ${name}`, (done) => ended.then(done)),
  }
}

test.after.each(() => {
  for (const { pid } of running)
    try {
      process.kill(-Number(pid), 'SIGKILL')
    } catch {
      // Its group has ended, and is yet to be told of.
    }
})

test('prints where to go, serves a real wscat, and ends with 0 on Ctrl-C', async () => {
  const start = run(program, given)
  await start.prints('"action":"send"')
  const lines = start.output().split('\n')
  const [url = ''] = /ws:\/\/\S+/.exec(start.output()) ?? []
  match(lines[1] ?? '', /^ {2}WebSocket {2}ws:\/\/127\.0\.0\.1:\d+\/dev$/)
  match(lines[2] ?? '', /^ {2}Page {7}http:\/\/127\.0\.0\.1:\d+\/$/)
  is(lines[3], `  Try        npx wscat -c "${url}?name=ann"`)

  const html = await (await fetch(lines[2]?.split(/ +/).at(-1) ?? '')).text()
  match(html, '<title>Chat')

  const messages = lines.filter((line) => line.startsWith('  {'))
  const answers = [
    '{"action":"auth","id":"1"}',
    "'join' is not allowed in 'anonymous'",
    "'send' is not allowed in 'anonymous'",
  ]
  for (const [at, message] of messages.entries()) {
    // Without a terminal wscat sends its arguments all at once, so each message has a connection of its own.
    const wscat = run('wscat', ['-c', `${url}?name=ann`, '-w', '-1', '-x', message.trim()])
    await wscat.prints(answers[at] ?? 'no further message')
    wscat.interrupt()
  }

  start.interrupt()
  is(await start.ends(), 0)
})

test('runs the auction, whose auctioneer sits at the terminal', async () => {
  const start = run(program, [...given, 'auction'])
  await start.prints('hammer clock')
  const [url = ''] = /ws:\/\/\S+/.exec(start.output()) ?? []
  const ann = await peer(`${url}?name=ann`)
  is((await ann.ask('bid', { amount: 1 })).error?.message, "'bid' is not allowed in 'watching'. Allowed: enter.")
  await ann.ask('enter', { lot: 'clock' })
  await ann.ask('bid', { amount: 100 })
  start.types('hammer clock')
  equal(await ann.pushed('sold'), { lot: 'clock', price: 100, leader: 'ann' })
  ann.close()
  start.interrupt()
  is(await start.ends(), 0)
})

test('runs the shop, whose warehouse is told what to type when it types anything else', async () => {
  const start = run(program, [...given, 'orders'])
  await start.prints('accept tea-1')
  start.types('acept tea-1')
  await start.prints('Type: accept ORDER, such as accept tea-1.')
  start.types('accept tea-1')
  await start.prints("No order 'tea-1' waits.")
  start.interrupt()
  is(await start.ends(), 0)
})

test('lists the examples when there is none of that name', async () => {
  const start = run(program, [...given, 'toString'])
  is(await start.ends(), 2)
  equal(start.output(), "There is no example 'toString'. There are: chat, auction, ticker, report, orders, echo.\n")
})

for (const [words, port, sentence] of [
  [['--prot', '1'], '0', "There is no option '--prot'."],
  [['chat', 'echo'], '0', "One NAME is enough; 'echo' is too much."],
  [['chat'], 'http', "PORT must be 0 to 65535, not 'http'."],
] as const)
  test(`refuses '${words.join(' ')}' with PORT=${port} in a sentence, with the usage`, async () => {
    const start = run(program, [...given, ...words], port)
    is(await start.ends(), 2)
    equal(start.output(), `${sentence} ${USAGE}\n`)
  })

test('explains itself on --help', async () => {
  const start = run(program, [...given, '--help'])
  is(await start.ends(), 0)
  equal(start.output(), `${USAGE}\n`)
})

test('says how to choose another port when the port is in use', async () => {
  const { port, close } = await localGateway(async () => ({ statusCode: 200 }))
  const start = run(program, [...given, 'echo'], String(port))
  is(await start.ends(), 1)
  match(
    start.output(),
    /^Port \d+ of 127\.0\.0\.1 is in use\..* Choose with the environment variable PORT: PORT=3002 npm start echo\n$/,
  )
  await close()
})

test.run()
