import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { peer } from '../kit/peer.ts'
import { command, dev, project, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, chaos')
test.after.each(tidyUp)

const APP = `
import { accept, ws } from 'ws-interlock'
export const handler = ws()
  .onConnect(() => accept())
  .on('ping', () => 'pong')
  .on('fail', () => { throw new Error('as asked') })
  .build()
`

test('--chaos says in one line what it does, what it did beside each event, and the seed again at the end', async () => {
  const { at } = project({ 'app.ts': APP })
  const { child, ended, printed, url } = dev(at('app.ts'), ['--chaos', '7'])
  const ann = await peer(await url())
  assert.match(
    await printed('stderr', /^Chaos by seed 7: .*\n/),
    /messages overtake each other, .* posts are throttled/,
  )
  // Of any twenty messages some are late.
  for (let asked = 0; asked < 20; asked++) ann.ask('ping').catch(() => {})
  await printed('stderr', /^\d\d:\d\d:\d\d [\w-]{6}… chaos: (?:delay|cold-start) of \S+ \d+ ms$/m)
  child.kill('SIGINT')
  const { code, stderr } = await ended
  assert.is(code, 0)
  assert.match(stderr, /Chaos by seed 7: \d+ faults?\. Repeat it with --chaos 7\.\n$/)
})

test('where something failed, its line has the seed', async () => {
  const { at } = project({ 'app.ts': APP })
  const { printed, url } = dev(at('app.ts'), ['--chaos', '3'])
  const ann = await peer(await url())
  for (let asked = 0; asked < 20; asked++) ann.ask('fail').catch(() => {})
  await printed('stderr', / fail +INTERNAL +\d+ ms seed 3\nError: as asked\n/)
})

test('without --chaos nothing speaks of it', async () => {
  const { at } = project({ 'app.ts': APP })
  const { child, ended, url } = dev(at('app.ts'))
  const ann = await peer(await url())
  await ann.ask('fail')
  child.kill('SIGINT')
  assert.not.match((await ended).stderr, /chaos|seed/i)
})

test('a seed is a whole number', async () => {
  const { code, stderr } = await command(['dev', 'examples/echo/server.ts', '--chaos', 'x']).ended
  assert.is(code, 2)
  assert.ok(stderr.startsWith("--chaos must be a seed, such as 7, not 'x'.\n"), stderr)
})

test.run()
