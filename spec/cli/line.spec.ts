import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { wantsColour } from '../../lib/cli/paint.ts'
import { connect } from '../kit/local.ts'
import { peer } from '../kit/peer.ts'
import { dev, project, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, a line per event')
test.after.each(tidyUp)

const APP = `
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'

const machine = createMachine({
  id: 'door',
  initial: 'anonymous',
  states: { anonymous: { on: { auth: 'authenticated' } }, authenticated: { on: { fail: 'authenticated' } } },
})
export const handler = ws()
  .store(memory())
  .protocol(machine)
  .onConnect(() => accept())
  .on('auth', () => {})
  .on('fail', () => { throw new Error('the table is gone', { cause: new Error('no route to host') }) })
  .build()
`
const PLAIN = `
export const handler = async ({ body }) => {
  if (body === 'throw') throw new Error('as asked')
  return body === 'odd' ? { status: 200 } : { statusCode: body === 'bad' ? 400 : 200 }
}
`
const ESCAPE = '\u001b'

test('it has the time, the connection, the route, the states, what came of it and how long it took', async () => {
  const { at } = project({ 'app.ts': APP })
  const { url, printed, output } = dev(at('app.ts'))
  const ann = await peer(await url())
  await ann.ask('fail')
  await ann.ask('auth')
  await ann.ask('auth')
  ann.close()
  await printed('stderr', /\$disconnect/)
  await printed('stderr', / ms\n/)
  const lines = output.stderr.split('\n').filter((line) => /^\d\d:/.test(line))
  const expected = [
    /^\d\d:\d\d:\d\d ([\w-]{6})… \$connect {5}anonymous ok {3} +\d+ ms \1[\w-]{9}=$/,
    /^\d\d:\d\d:\d\d [\w-]{6}… fail {9}anonymous FAILED_PRECONDITION +\d+ ms$/,
    /^\d\d:\d\d:\d\d [\w-]{6}… auth {9}anonymous → authenticated ok {17} +\d+ ms$/,
    /^\d\d:\d\d:\d\d [\w-]{6}… auth {9}authenticated {13}FAILED_PRECONDITION +\d+ ms$/,
    /^\d\d:\d\d:\d\d [\w-]{6}… \$disconnect {2}authenticated {13}ok {17} +\d+ ms$/,
  ]
  assert.is(lines.length, expected.length, output.stderr)
  for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern)
})

test('what failed in an application follows once, with its stack and its cause, and without the frames of this library', async () => {
  const { at, shown } = project({ 'app.ts': APP })
  const { url, printed, output } = dev(at('app.ts'))
  const ann = await peer(await url())
  await ann.ask('auth')
  await ann.ask('fail')
  await printed(
    'stderr',
    /INTERNAL +\d+ ms\nError: the table is gone\n( {4}at .*\n)+Caused by: Error: no route to host\n {4}at /,
  )
  ann.close()
  await printed('stderr', /\$disconnect/)
  assert.is(output.stderr.split('the table is gone').length, 2, output.stderr)
  const frames = output.stderr.match(/^ {4}at .*$/gm) ?? []
  assert.ok(frames.length > 0)
  for (const frame of frames) assert.ok(frame.includes(`${shown('app.ts')}:`), frame)
})

test('what a plain handler threw follows with its stack, and what it answered is named', async () => {
  const { at } = project({ 'a.mjs': PLAIN })
  const { url, printed } = dev(at('a.mjs'))
  const client = await connect(await url())
  client.send('throw')
  await printed('stderr', /… \$default {5}threw +\d+ ms\nError: as asked\n {4}at \S+ \(\/\S+\/a\.mjs:3:\d+\)\n/)
  client.send('odd')
  await printed('stderr', /\$default {5}malformed +\d+ ms \{ status: 200 \}\n/)
  client.send('bad')
  await printed('stderr', /\$default {5}400 +\d+ ms\n/)
})

test('--quiet prints no line, and still what fails', async () => {
  const { at } = project({ 'app.ts': APP })
  const { child, ended, printed, url } = dev(at('app.ts'), ['--quiet'])
  const ann = await peer(await url())
  await ann.ask('auth')
  await ann.ask('fail')
  await printed('stderr', /the table is gone/)
  child.kill('SIGINT')
  assert.not.match((await ended).stderr, /^\d\d:/m)
})

test('a long name is cut, and what a peer writes cannot reach the terminal as a command', async () => {
  const { at } = project({ 'app.ts': APP })
  const { url, printed, output } = dev(at('app.ts'))
  const ann = await peer(await url())
  await ann.ask('x'.repeat(100))
  await ann.ask(`${ESCAPE}[31mred`)
  await printed('stderr', / x{27}… {11}UNIMPLEMENTED +\d+ ms\n/)
  await printed('stderr', / �\[31mred {31}UNIMPLEMENTED/)
  assert.not.match(output.stderr, ESCAPE)
})

test('colours are for terminals', async () => {
  const { at } = project({ 'app.ts': APP })
  for (const [env, isColoured] of [
    [{}, false],
    [{ FORCE_COLOR: '1' }, true],
    [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    [{ FORCE_COLOR: '0' }, false],
  ] as const) {
    const { url, printed, output } = dev(at('app.ts'), [], { env })
    const ann = await peer(await url())
    await ann.ask('auth')
    await printed('stderr', /ok.* ms/)
    assert.is(output.stderr.includes(`${ESCAPE}[32mok`), isColoured, JSON.stringify(env))
    assert.is(output.stderr.includes(ESCAPE), isColoured)
  }
  assert.is(wantsColour({ isTTY: true }, {}), true)
  assert.is(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false)
  assert.is(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true)
  assert.is(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false)
})

test.run()
