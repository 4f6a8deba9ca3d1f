import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { trespasses } from './floors.ts'

const test = suite('floors')

const LIB = resolve(import.meta.dirname, '../lib')

/** What is found in a folder of these files. */
const found = (files: Readonly<Record<string, string>>) => {
  const root = mkdtempSync(join(tmpdir(), 'floors-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return trespasses(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('the library keeps to its floors', () => {
  assert.equal(trespasses(LIB), [])
})

test('an import that points up is found', () => {
  const [first, ...rest] = found({ 'store/memory.ts': "import { ws } from '../app.ts'\n" })
  assert.match(String(first), /^store\/memory\.ts \(floor \d+\) imports app\.ts \(floor \d+\)$/)
  assert.equal(rest, [])
})

test('an import that points sideways is found, of a type and over several lines too', () => {
  assert.is(found({ 'protocol/a.ts': "import type {\n  A,\n} from '../channel/b.ts'\n" }).length, 1)
  assert.is(found({ 'protocol/a.ts': "export { b } from '../channel/b.ts'\n" }).length, 1)
})

test('imports that point down or stay in the folder are none', () => {
  const text = "import { a } from '../store/store.ts'\nimport { b } from './b.ts'\n"
  assert.equal(found({ 'protocol/a.ts': text }), [])
})

test('xstate at run time is found outside of its folder, and its types are not', () => {
  assert.is(found({ 'flow/a.ts': "import { setup } from 'xstate'\n" }).length, 1)
  assert.equal(found({ 'flow/a.ts': "import type { EventObject } from 'xstate'\n" }), [])
  assert.equal(found({ 'protocol/a.ts': "import { setup } from 'xstate'\n" }), [])
})

test('a folder without a floor is found', () => {
  assert.equal(found({ 'utils/a.ts': "import { b } from '../errors.ts'\n" }), ['utils/a.ts has no floor'])
})

test('no file of the library is longer than 250 lines', () => {
  const files = readdirSync(LIB, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const long = files.filter((file) => readFileSync(join(LIB, file), 'utf8').split('\n').length > 251)
  assert.ok(files.length > 50)
  assert.equal(long, [])
})

test.run()
