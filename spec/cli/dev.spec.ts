import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev as runDev } from '../../lib/cli/dev.ts'
import { BY_TSX } from '../../lib/cli/load.ts'
import { closeAll, connect, fakeClock, local } from '../kit/local.ts'

const test = suite('ws-interlock dev')
const ROOT = resolve(import.meta.dirname, '../..')
const TSX = ['--import', 'tsx', '--conditions=ws-interlock:source', 'lib/cli/main.ts']
const running = new Set<ChildProcess>()

test.after.each(async () => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  await closeAll()
})

const file = (name: string) => join('spec/cli/files', name)

/** The command, what it has printed so far, and ways to wait for more. */
const command = (args: readonly string[], node: readonly string[] = TSX) => {
  const { AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, ...env } = process.env
  const child = spawn(process.execPath, [...node, ...args], {
    cwd: ROOT,
    env: { ...env, HOME: join(ROOT, 'spec'), NODE_NO_WARNINGS: '1' },
  })
  running.add(child)
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  const ended = once(child, 'close').then(([code]) => ({ ...output, code }))
  const printed = async (name: 'stdout' | 'stderr', pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = pattern.exec(output[name])
      if (found) return found[1] ?? found[0]
      const more = await Promise.race([once(child[name], 'data').then(() => true), ended.then(() => false)])
      if (!more && !pattern.test(output[name])) throw new Error(`${pattern} was never printed: ${output.stderr}`)
    }
  }
  return { child, ended, printed, output, url: () => printed('stdout', /WebSocket {2}(ws:\S+)/) }
}

const dev = (name: string, ...args: string[]) => command(['dev', file(name), '--port', '0', ...args])

test('it prints where to connect and a line to paste', async () => {
  const { url, printed, output } = dev('posts.ts', '--query', '?name=ann', '--stage', 'v1')
  const place = await url()
  assert.match(place, /^ws:\/\/127\.0\.0\.1:\d+\/v1$/)
  await printed('stdout', /Ctrl-C closes/)
  assert.ok(output.stdout.includes(`npx wscat -c "${place}?name=ann"`), output.stdout)
  assert.not.match(output.stdout, 'Page')
})

test('a plain SDK client in the handler reaches the local endpoint', async () => {
  const { url } = dev('posts.ts')
  const client = await connect(await url())
  client.send('hi')
  assert.is(await client.next(), 'echo hi')
  client.socket.terminate()
})

test('each event is a line on stderr, with what the handler threw', async () => {
  const { url, printed } = dev('posts.ts')
  const client = await connect(await url())
  client.send('throw')
  client.socket.close()
  await printed('stderr', /[\w-]{15}= connect {4}\$connect {4}200 \d+ ms/)
  await printed('stderr', /message {4}\$default {4}threw \d+ ms\nError: as asked\n {4}at /)
  await printed('stderr', /disconnect \$disconnect 200 \d+ ms/)
})

test('a handler that posts by https is told what to do', async () => {
  const { url, printed } = dev('posts.ts')
  const client = await connect(await url())
  client.send('https')
  await printed('stderr', /EPROTO[\s\S]*The local gateway speaks http\. Leave out the endpoint/)
  client.socket.terminate()
})

test('--quiet prints no line per event', async () => {
  const { child, ended, url } = dev('posts.ts', '--quiet')
  const client = await connect(await url())
  client.send('hi')
  await client.next()
  child.kill('SIGINT')
  assert.not.match((await ended).stderr, 'connect')
})

test('Ctrl-C closes connections with 1001 and exits with 0', async () => {
  const { child, ended, url } = dev('posts.ts')
  const client = await connect(await url())
  child.kill('SIGINT')
  assert.is((await client.closed).code, 1001)
  assert.is((await ended).code, 0)
})

test('a second Ctrl-C does not wait for a handler that hangs', async () => {
  const { child, ended, url } = dev('page/hangs.ts')
  await connect(await url())
  // A Ctrl-C at once after another counts as the same one: hence many.
  const again = setInterval(() => child.kill('SIGINT'), 50)
  const { code } = await ended
  clearInterval(again)
  assert.is(code, 130)
})

test('the index.html beside the file is served, and default is the handler', async () => {
  const { url, printed } = dev('page/hangs.ts', '--route-response')
  const client = await connect(await url())
  client.send('x')
  assert.is(await client.next(), 'from the default export')
  const page = await fetch(await printed('stdout', /Page {7}(\S+)/))
  assert.is(await page.text(), '<p>the page</p>\n')
  client.socket.terminate()
})

for (const [name, args, body] of [
  ['several.ts', ['--export', 'second'], 'second'],
  ['common.cjs', [], 'from CommonJS'],
] as const)
  test(`the handler of ${name} ${args.join(' ')} is found`, async () => {
    const { url } = dev(name, '--route-response', ...args)
    const client = await connect(await url())
    client.send('x')
    assert.is(await client.next(), body)
    client.socket.terminate()
  })

const wrong: readonly (readonly [args: readonly string[], sentence: string])[] = [
  [[], 'Say what to do: dev.'],
  [['serve'], "There is no command 'serve'."],
  [['dev'], 'Say which FILE exports the handler.'],
  [['dev', 'no-such-file.ts'], 'There is no file no-such-file.ts.'],
  [['dev', file('posts.ts'), 'more'], "One FILE is enough; 'more' is too much."],
  [['dev', file('posts.ts'), '--prot', '1'], "Unknown option '--prot'."],
  [['dev', file('posts.ts'), '--port', '70000'], "--port must be a number from 0 to 65535, not '70000'."],
  [['dev', file('posts.ts'), '--stage', 'a/b'], "--stage must be 1 to 128 of letters, digits, '_' and '-', not 'a/b'."],
  [['dev', file('posts.ts'), '--page', 'no.html'], 'There is no file no.html.'],
  [['dev', file('posts.ts'), '--page', 'spec'], 'spec is a folder. Name a file in it.'],
  [['dev', file('posts.ts'), '--host', 'a b'], "--host must be an address to listen on, such as 0.0.0.0, not 'a b'."],
  [['dev', '.'], '. is a folder. Name a file in it.'],
  ...['data.json', 'notes.txt', 'page/index.html'].map(
    (name) =>
      [
        ['dev', file(name), '--port', '0'],
        `${file(name)} is no module. FILE ends in .js, .mjs, .cjs, .ts, .mts or .cts and exports the handler.`,
      ] as const,
  ),
  [
    ['dev', file('none.ts'), '--port', '0'],
    'spec/cli/files/none.ts exports no function. Export the handler: export const handler = async (event, context) => …',
  ],
  [
    ['dev', file('several.ts'), '--port', '0'],
    "spec/cli/files/several.ts exports several functions and none is called 'handler'. Choose one with --export: first, second.",
  ],
  [
    ['dev', file('several.ts'), '--port', '0', '--export', 'third'],
    "spec/cli/files/several.ts exports no function 'third'. Choose one with --export: first, second.",
  ],
]
for (const [args, sentence] of wrong)
  test(`'${args.join(' ')}' is refused in a sentence, with the usage`, async () => {
    const { code, stderr, stdout } = await command(args).ended
    assert.is(code, 2)
    assert.is(stdout, '')
    assert.ok(stderr.startsWith(`${sentence}\n\nUsage: ws-interlock dev FILE`), stderr)
  })

test('what a module throws while it is loaded is shown with its stack, after the name of the file', async () => {
  const { code, stderr, stdout } = await dev('throws.mjs').ended
  assert.is(code, 1)
  assert.is(stdout, '')
  assert.match(
    stderr,
    /^spec\/cli\/files\/throws\.mjs could not be loaded, because of this:\nError: the table is not set\n {4}at .*throws\.mjs:1:7/,
  )
})

test('a port in use is refused in a sentence that names --port, without a stack', async () => {
  const { port } = await local()
  const { code, stderr } = await command(['dev', file('posts.ts'), '--port', String(port)]).ended
  assert.is(code, 1)
  assert.match(
    stderr,
    /^Port \d+ of 127\.0\.0\.1 is in use\. Stop what listens there, or [^\n]* Choose with --port NUMBER and --host ADDRESS\.\n$/,
  )
})

test('--help and --version answer and exit with 0', async () => {
  const help = await command(['--help']).ended
  assert.is(help.code, 0)
  assert.match(help.stdout, '--route-response')
  assert.match(help.stdout, '\nTypeScript runs as it is on Node 22.18 or later.')
  assert.match(help.stdout, `\n  npx tsx ${join('lib', 'cli', 'main.ts')} dev FILE [options]\n`)
  const version = await command(['--version']).ended
  assert.is(version.code, 0)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

test('without tsx a TypeScript file runs where Node strips types, and else is refused in a sentence', async () => {
  const outfile = join(ROOT, '.cache/spec/main.mjs')
  const entryPoints = [join(ROOT, 'lib/cli/main.ts')]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  for (const [name, ...args] of [['several.ts', '--export', 'first'], ['imports.mjs']] as const) {
    const { ended, url } = command(['dev', file(name), ...args, '--port', '0'], [outfile])
    if (Reflect.get(process.features, 'typescript')) assert.match(await url(), 'ws://127.0.0.1')
    else {
      const { code, stderr } = await ended
      assert.is(code, 1)
      const advice = `Use Node 22.18 or later, or: npx tsx ${join('.cache', 'spec', 'main.mjs')} dev FILE\n`
      assert.is(stderr, `Node ${process.version} does not run TypeScript by itself. ${advice}`)
    }
  }
})

test('the advised command runs a TypeScript file', async () => {
  const [program = '', ...args] = BY_TSX.replace('FILE', file('several.ts')).split(' ').slice(2)
  const tsx = ['node_modules/tsx/dist/cli.mjs', '--conditions=ws-interlock:source', program]
  const { child, ended, url } = command([...args, '--export', 'first', '--port', '0'], tsx)
  assert.match(await url(), 'ws://127.0.0.1')
  // tsx runs it in a process of its own, which only a signal that tsx hands on can end.
  child.kill('SIGINT')
  assert.is((await ended).code, 0)
})

test('--host opens the gateway to the network and warns of it; loopback does not', async () => {
  const open = dev('posts.ts', '--host', '0.0.0.0')
  await open.printed('stderr', /^Warning: listening on 0\.0\.0\.0, so others in your network can connect, .*\n/)
  const client = await connect(await open.url())
  client.send('hi')
  assert.is(await client.next(), 'echo hi')
  client.socket.terminate()

  const kept = dev('posts.ts', '--host', '127.0.0.1')
  await kept.url()
  kept.child.kill('SIGINT')
  assert.not.match((await kept.ended).stderr, 'Warning')
})

test('a close that takes longer than a second says on the log what it waits for', async () => {
  const before = { ...process.env }
  const clock = fakeClock()
  const said: string[] = []
  const print = () => {}
  const log = (text: string) => said.push(text)
  const gateway = await runDev({ file: file('page/hangs.ts'), port: 0, quiet: true, print, log, clock })
  process.env = before
  const client = await connect(gateway.url)
  const closing = gateway.close()
  await client.closed
  clock.advance(5_000)
  await closing
  assert.is(said.length, 1)
  assert.match(said[0] ?? '', /^Waiting 4 s more at most for .*the handler of \$disconnect for [\w-]{15}=/)
})

test.run()
