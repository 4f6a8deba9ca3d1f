import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, local } from '../kit/local.ts'

const test = suite('ws-interlock dev')
const ROOT = resolve(import.meta.dirname, '../..')
const BY_TSX = ['--import', 'tsx', '--conditions=ws-interlock:source', 'lib/cli/main.ts']
const running = new Set<ChildProcess>()

test.after.each(async () => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
  await closeAll()
})

const file = (name: string) => join('spec/cli/files', name)

/** The command, what it has printed so far, and ways to wait for more. */
const command = (args: readonly string[], node: readonly string[] = BY_TSX) => {
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

test('a port in use is refused in a sentence, without a stack', async () => {
  const { port } = await local()
  const { code, stderr } = await command(['dev', file('posts.ts'), '--port', String(port)]).ended
  assert.is(code, 1)
  assert.match(stderr, /^Port \d+ of 127\.0\.0\.1 is in use\. Stop what listens there, or [^\n]*\n$/)
})

test('--help and --version answer and exit with 0', async () => {
  const help = await command(['--help']).ended
  assert.is(help.code, 0)
  assert.match(help.stdout, '--route-response')
  const version = await command(['--version']).ended
  assert.is(version.code, 0)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

test('without tsx a TypeScript file runs where Node strips types, and else is refused in a sentence', async () => {
  const outfile = join(ROOT, '.cache/spec/main.mjs')
  const entryPoints = [join(ROOT, 'lib/cli/main.ts')]
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })
  const { ended, url } = command(['dev', file('several.ts'), '--export', 'first', '--port', '0'], [outfile])
  if (Reflect.get(process.features, 'typescript')) return assert.match(await url(), 'ws://127.0.0.1')
  const { code, stderr } = await ended
  assert.is(code, 1)
  assert.match(stderr, /^Node v\S+ does not run TypeScript by itself\. Use Node 22\.18 or later, or: npx tsx /)
})

test.run()
