import { join, resolve } from 'node:path'
import ts from 'typescript-5'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const ROOT = resolve(import.meta.dirname, '../..')
const FILE = join(import.meta.dirname, 'typed-in-an-editor.ts')
const BEFORE = [
  "import * as v from 'valibot'",
  "import { room } from './ok.ts'",
  "import { store, ws } from './ws.ts'",
  "const app = ws().store(store).pushes({ said: v.string() }).protocol(room, { internal: ['idle', 'named'] })",
].join('\n')

/** What an editor offers where the cursor is: at the `|`. */
const offered = (line: string): readonly string[] => {
  const cursor = BEFORE.length + 1 + line.indexOf('|')
  const source = `${BEFORE}\n${line.replace('|', '')}`
  const { options } = ts.getParsedCommandLineOfConfigFile(join(ROOT, 'tsconfig.json'), {}, parseHost) ?? {}
  const read = (file: string) => (file === FILE ? source : ts.sys.readFile(file))
  const service = ts.createLanguageService({
    getScriptFileNames: () => [FILE],
    getScriptVersion: () => '1',
    getScriptSnapshot: (file) => ts.ScriptSnapshot.fromString(read(file) ?? ''),
    getCompilationSettings: () => options ?? {},
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getCurrentDirectory: () => ROOT,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    fileExists: (file) => file === FILE || ts.sys.fileExists(file),
    readFile: read,
  })
  return service.getCompletionsAtPosition(FILE, cursor, {})?.entries.map(({ name }) => name) ?? []
}
const parseHost: ts.ParseConfigFileHost = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} }

const editor = suite('what an editor offers')
editor('the events of the protocol, as names of routes', () => {
  assert.equal(offered("app.on('|', () => {})"), ['join', 'say', 'leave'])
})
editor('the declared pushes', () => {
  assert.equal(offered("app.on('leave', ({ push }) => push('|', ''))"), ['said'])
})
editor('the members of a context', () => {
  const members = offered("app.on('leave', ({ | }) => {})")
  for (const member of ['channel', 'close', 'connection', 'data', 'push', 'raise', 'snapshot'])
    assert.ok(members.includes(member), member)
})
editor.run()
