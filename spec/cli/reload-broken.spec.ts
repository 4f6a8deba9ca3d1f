import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev, plain, reloaded, says, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, saves that cannot be loaded')
test.after.each(tidyUp)

for (const [what, text, sentence] of [
  [
    'a syntax error',
    'export const handler = async () => {\n  const x = ;\n}\n',
    /^(\S+) could not be loaded: \1:2(:13)?: Unexpected token ';'\n/,
  ],
  [
    'a module that throws',
    `throw new Error('no table')\n`,
    /^(\S+) could not be loaded: it threw\.\nError: no table\n {4}at \S*a\.mjs:1:7\nWhat/,
  ],
  ['no handler', 'export const answer = 42\n', /^(\S+) exports no function\. Export the handler: .*\n/],
  [
    'an import of nothing',
    `export { handler } from './none.mjs'\n`,
    /^(\S+) could not be loaded: Cannot find module '\S+\/none\.mjs' imported from \1\.\n/,
  ],
  [
    'an import of what is not exported',
    `export { none as handler } from './b.mjs'\n`,
    /^(\S+) could not be loaded: \1:1(:10)?: The requested module '\.\/b\.mjs' does not provide an export named 'none'\n/,
  ],
] as const)
  test(`after a save with ${what} the old code runs on, a sentence says why, and the next good save is taken`, async () => {
    const { ask, save, server } = await plain({ 'a.mjs': says('one'), 'b.mjs': says('b') }, 'a.mjs', ['--quiet'])
    save('a.mjs', text)
    await server.printed('stderr', /What was loaded before runs on, until a save that can be loaded\.\n/)
    assert.match(server.output.stderr, sentence)
    assert.not.match(server.output.stderr, 'node:internal')
    assert.is(await ask(), 'one')
    save('a.mjs', says('two'))
    await server.printed('stderr', reloaded)
    assert.is(await ask(), 'two')
  })

test('a file that was missing is taken when it comes', async () => {
  const { ask, save, server } = await plain({ 'a.mjs': says('one') }, 'a.mjs')
  save('a.mjs', `export { handler } from './late.mjs'`)
  await server.printed('stderr', /What was loaded before/)
  save('late.mjs', says('two'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two')
})

test('an editor may put a new file in the place of the old one, or leave none for a moment', async () => {
  const { ask, at, save, server } = await plain({ 'a.mjs': says('one'), 'other.mjs': says('x') }, 'a.mjs')
  writeFileSync(at('a.mjs.new'), says('two'))
  renameSync(at('a.mjs.new'), at('a.mjs'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two')

  // Another one, of another file, says when a save would have been seen.
  const other = dev(at('other.mjs'))
  await other.url()
  rmSync(at('a.mjs'))
  save('other.mjs', says('y'))
  await other.printed('stderr', reloaded)
  assert.is(await ask(), 'two')
  assert.not.match(server.output.stderr, 'could not be loaded')
  save('a.mjs', says('three'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'three')
})

test.run()
