import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('the package')
const ROOT = resolve(import.meta.dirname, '..')
const home = mkdtempSync(join(tmpdir(), 'ws-interlock-'))
const installed = join(home, 'node_modules/ws-interlock')
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

const node = (...args: readonly string[]) => spawnSync(process.execPath, args, { cwd: home, encoding: 'utf8' })
const tsc = (...args: readonly string[]) => node(join(ROOT, 'node_modules/typescript/bin/tsc'), ...args).stdout

test.before(() => {
  const { files, dependencies, peerDependencies } = manifest
  mkdirSync(installed, { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'))
  for (const folder of files)
    if (folder !== 'dist') cpSync(join(ROOT, folder), join(installed, folder), { recursive: true })
  // Built afresh: what lies in dist/ may be of yesterday.
  assert.is(tsc('-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')), '')
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    mkdirSync(resolve(home, 'node_modules', name, '..'), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(home, 'node_modules', name))
  }
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
})
test.after(() => rmSync(home, { recursive: true, force: true }))

const subpaths = Object.keys(manifest.exports).filter((path) => path !== './package.json')

for (const subpath of subpaths)
  test(`${subpath} can be imported by plain Node, from JavaScript that was built`, () => {
    const name = subpath.replace('.', 'ws-interlock')
    const { stdout, stderr } = node('-e', `import('${name}').then((all) => console.log(Object.keys(all).length))`)
    assert.is(stderr, '')
    assert.ok(Number(stdout) > 0)
  })

test('its types compile in a project of somebody else, under either compiler', () => {
  writeFileSync(
    join(home, 'app.ts'),
    [...subpaths.map((path, index) => `import * as m${index} from '${path.replace('.', 'ws-interlock')}'`), USE].join(
      '\n',
    ),
  )
  const options = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    skipLibCheck: false,
    types: ['node'],
    lib: ['es2023', 'dom'],
  }
  const settings = { ...options, typeRoots: [join(ROOT, 'node_modules/@types')] }
  writeFileSync(join(home, 'tsconfig.json'), JSON.stringify({ compilerOptions: settings, include: ['app.ts'] }))
  for (const compiler of ['typescript', 'typescript-5'])
    assert.is(node(join(ROOT, 'node_modules', compiler, 'bin/tsc'), '-p', '.').stdout, '', compiler)
})

/** Every import, used in the way in which a handler would. */
const USE = `
export const handler: import('aws-lambda').Handler = m0.ws().onConnect(() => m0.accept()).on('a', () => 1).build()
export const all = [${subpaths.map((_, index) => `m${index}`).join(', ')}]`

test('the command runs', () => {
  const { stdout, status } = node(join(installed, manifest.bin['ws-interlock']), '--version')
  assert.is(status, 0)
  assert.is(stdout.trim(), manifest.version)
})

test('what runs on Lambda imports neither node:http nor ws nor a schema library', () => {
  const built = (folder: string): string[] =>
    readdirSync(join(installed, 'dist', folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.js'))
      .map((file) => join(installed, 'dist', folder, file))
  const files = ['flow', 'state', 'compile', 'protocol', 'channel', 'store', 'gateway', 'aws', 'wire', 'event'].flatMap(
    built,
  )
  const own = [...files, ...['publish', 'task'].flatMap(built)]
  const imports = own.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?:[^\n]* from )?'([^.'][^']*)'/gm)].map(
      ([, name]) => `${file}: ${name}`,
    ),
  )
  // Those of a bus or a queue bring the client of the AWS SDK that they are given.
  assert.equal(
    imports.filter((found) => !/(?:publish|task)\/\w+\.js: @aws-sdk\/client-(?:eventbridge|sns|sqs)$/.test(found)),
    [],
  )
})

test.run()
