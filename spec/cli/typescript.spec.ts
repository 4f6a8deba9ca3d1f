import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from '../kit/local.ts'
import { tsc } from '../kit/tsc.ts'
import { dev, project, ROOT, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, TypeScript')
test.after.each(tidyUp)

/** The command as it is installed: no loader, no condition, JavaScript. */
const INSTALLED = join(ROOT, '.cache/spec/installed')
const installed = { node: [join(INSTALLED, 'dist/cli/main.js')] }
/** Where no tsx can be found. */
const far = mkdtempSync(join(tmpdir(), 'ws-interlock-'))
const isNative = Boolean(Reflect.get(process.features, 'typescript'))

test.before(() => {
  rmSync(INSTALLED, { recursive: true, force: true })
  tsc(join(ROOT, 'tsconfig.build.json'), '--outDir', join(INSTALLED, 'dist'))
  for (const name of ['package.json', 'lib']) symlinkSync(join(ROOT, name), join(INSTALLED, name))
})
test.after(() => rmSync(far, { recursive: true }))

const TYPED = `export const handler = async (_: { body?: string }) => ({ statusCode: 200, body: 'typed' as string })\n`
const ENUM = `enum Word { A = 'from an enum' }\nexport const handler = async () => ({ statusCode: 200, body: Word.A })\n`

const answer = async (server: ReturnType<typeof dev>) => {
  const client = await connect(await server.url())
  client.send('x')
  return client.next()
}

for (const [what, files, name, body] of [
  ['a TypeScript file', { 'a.ts': TYPED }, 'a.ts', 'typed'],
  [
    'a TypeScript file of CommonJS',
    { 'a.cts': TYPED.replace('export const handler', 'exports.handler') },
    'a.cts',
    'typed',
  ],
  [
    'JavaScript that imports TypeScript',
    { 'a.mjs': `export { handler } from './b.ts'`, 'b.ts': TYPED },
    'a.mjs',
    'typed',
  ],
  ['a file with an enum', { 'a.ts': ENUM }, 'a.ts', 'from an enum'],
] as const)
  test(`where the project has tsx, ${what} runs without a word about it, and is loaded anew`, async () => {
    const { at, save } = project(files)
    const server = dev(at(name), ['--route-response'], installed)
    assert.is(await answer(server), body)
    const last = Object.entries(files).at(-1) ?? ['', '']
    save(last[0], last[1].replace(body, 'new'))
    await server.printed('stderr', /Reloaded/)
    assert.is(await answer(server), 'new')
  })

test('where there is no tsx, a TypeScript file runs where Node strips types, and else is refused in a sentence', async () => {
  const { at } = project({ 'a.ts': TYPED, 'b.mjs': `export { handler } from './a.ts'` }, far)
  for (const name of ['a.ts', 'b.mjs']) {
    const server = dev(at(name), ['--route-response'], installed)
    if (isNative) assert.is(await answer(server), 'typed')
    else {
      const { code, stderr } = await server.ended
      assert.is(code, 1)
      const advice = 'Use Node 22.18 or later, or install tsx beside it, which is then used by itself: npm i -D tsx'
      assert.is(stderr, `Node ${process.version} does not run TypeScript by itself. ${advice}\n`)
    }
  }
})

if (isNative)
  test('where there is no tsx, more than types is refused with its place', async () => {
    const { at } = project({ 'a.ts': ENUM }, far)
    const { code, stderr } = await dev(at('a.ts'), [], installed).ended
    assert.is(code, 1)
    assert.match(stderr, /could not be loaded: \S+a\.ts:1:1: TypeScript enum is not supported[\s\S]*npm i -D tsx\n$/)
    assert.not.match(stderr, '    at ')
  })

test('a syntax error has its file, its line and its column, and no stack', async () => {
  const { at, shown } = project({
    'a.ts': `export { handler } from './b.ts'`,
    'b.ts': 'const ok = 1\nconst x: number = ;\n',
  })
  const { code, stderr } = await dev(at('a.ts'), [], installed).ended
  assert.is(code, 1)
  assert.ok(stderr.startsWith(`${shown('a.ts')} could not be loaded: ${shown('b.ts')}:2:19: `), stderr)
  assert.not.match(stderr, '    at ')
})

test.run()
