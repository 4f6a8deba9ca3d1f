import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from '../kit/local.ts'
import { dev, project, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, isolation')
test.after.each(tidyUp)

/** Says which process runs it. On 'hold' it waits for the spec to open a file to it. */
const code = (version: string) => `
import { existsSync, watch } from 'node:fs'
import { dirname } from 'node:path'
export const handler = async ({ body = '' }) => {
  const [word, path] = body.split(' ')
  if (word === 'hold' && !existsSync(path))
    await new Promise((resolve) => {
      const watcher = watch(dirname(path), () => existsSync(path) && resolve(watcher.close()))
    })
  return { statusCode: 200, body: JSON.stringify({ version: '${version}', pid: process.pid }) }
}
`

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const started = async () => {
  const files = project({ 'a.mjs': code('one'), 'mail/none': '' })
  const server = dev(files.at('a.mjs'), ['--isolate', '--route-response'])
  const client = await connect(await server.url())
  const next = async (): Promise<{ readonly version: string; readonly pid: number }> => JSON.parse(await client.next())
  const ask = (body = 'x') => {
    client.send(body)
    return next()
  }
  return { ...files, server, client, next, ask }
}

test('--isolate runs a connection in one instance and the other, its lines say in which, and none outlives the server', async () => {
  const { ask, server } = await started()
  const [one, other] = [await ask(), await ask()]
  assert.is.not(one.pid, other.pid)
  assert.is.not(one.pid, server.child.pid)
  await server.printed('stderr', /\$connect .* ms instance (\d)/)
  const first = await server.printed('stderr', /\$default .* ms instance (\d)/)
  const second = await server.printed('stderr', /\$default .* ms instance (\d)/)
  assert.is.not(first, second)
  server.child.kill('SIGINT')
  assert.is((await server.ended).code, 0)
  assert.is(isAlive(one.pid) || isAlive(other.pid), false)
})

test('a save is taken by new instances, and a message that is under way ends in the old one', async () => {
  const { ask, at, client, next, save, server } = await started()
  assert.is((await ask()).version, 'one')
  client.send(`hold ${at('mail/go')}`)
  // Nobody says when the message has reached its instance, but whoever is behind it has.
  assert.is((await ask()).version, 'one')
  save('a.mjs', code('two'))
  assert.match(await server.printed('stderr', /Reloaded (.*)\n/), /, 1 connection kept$/)
  assert.is((await ask()).version, 'two')
  save('mail/go', '')
  assert.is((await next()).version, 'one')
})

test('a module that cannot be loaded is refused before the first event', async () => {
  const { at, shown } = project({ 'a.mjs': 'export const answer = 42\n' })
  const { code, stderr } = await dev(at('a.mjs'), ['--isolate']).ended
  assert.is(code, 2)
  assert.ok(stderr.startsWith(`${shown('a.mjs')} exports no function. Export the handler`), stderr)
})

test.run()
