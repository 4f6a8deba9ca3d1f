import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev as runDev } from '../../lib/cli/dev.ts'
import { closeAll, connect, fakeClock } from '../kit/local.ts'
import { dev as devOn, tidyUp } from './command.ts'

const test = suite('ws-interlock dev')
test.after.each(async () => {
  tidyUp()
  await closeAll()
})

const file = (name: string) => join('spec/cli/files', name)
const dev = (name: string, ...args: string[]) => devOn(file(name), args)

test('it prints where to connect and a line to paste', async () => {
  const { url, printed, output } = dev('posts.ts', '--query', '?name=ann', '--stage', 'v1')
  const place = await url()
  assert.match(place, /^ws:\/\/127\.0\.0\.1:\d+\/v1$/)
  await printed('stdout', /Ctrl-C closes/)
  assert.ok(output.stdout.includes(`npx wscat -c "${place}?name=ann"`), output.stdout)
  assert.not.match(output.stdout, 'Page')
})

test('the inspector is served, and knows the routes of the application', async () => {
  const { printed } = devOn('examples/echo/server.ts')
  const page = await printed('stdout', /Inspector {2}(\S+)/)
  assert.match(await (await fetch(page)).text(), /<title>.*<\/title>/)
  const app = await fetch(`${page}/app.json`)
  assert.match(await app.text(), '"echo"')
})

test('--route and --expression say what is deployed', async () => {
  const { url, printed } = dev(
    'posts.ts',
    '--route',
    '$connect',
    '--route',
    'ask',
    '--expression',
    '$request.body.type',
  )
  const client = await connect(await url())
  client.send({ type: 'ask' })
  assert.is(await client.next(), 'echo {"type":"ask"}')
  await printed('stderr', / ask +ok /)
  client.send({ type: 'other' })
  assert.match(await client.next(), '"message": "Forbidden"')
  await printed('stderr', /no route +\d+ ms and no \$default/)
  client.socket.terminate()
})

test('a plain SDK client in the handler reaches the local endpoint', async () => {
  const { url } = dev('posts.ts')
  const client = await connect(await url())
  client.send('hi')
  assert.is(await client.next(), 'echo hi')
  client.socket.terminate()
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
