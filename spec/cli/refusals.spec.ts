// biome-ignore-all lint/suspicious/noTemplateCurlyInString: selection expressions are written so.
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, local } from '../kit/local.ts'
import { command, dev, project, TSX, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, refusals')
test.after.each(async () => {
  tidyUp()
  await closeAll()
})

const file = (name: string) => join('spec/cli/files', name)

const wrong: readonly (readonly [args: readonly string[], sentence: string])[] = [
  [[], 'Say what to do: dev.'],
  [['serve'], "There is no command 'serve'."],
  [['dev'], 'Say which FILE exports the handler.'],
  [['dev', 'no-such-file.ts'], 'There is no file no-such-file.ts.'],
  [['dev', file('posts.ts'), 'more'], "One FILE is enough; 'more' is too much."],
  [['dev', file('posts.ts'), '--prot', '1'], "Unknown option '--prot'. Did you mean '--port'?"],
  [['dev', file('posts.ts'), '--no-wach'], "Unknown option '--no-wach'. Did you mean '--no-watch'?"],
  [['dev', file('posts.ts'), '--entirely-unknown'], "Unknown option '--entirely-unknown'."],
  [
    ['dev', file('posts.ts'), '--store', 'redis'],
    "--store must be memory, not 'redis'. Any other store is the application's own: leave it out.",
  ],
  [
    ['dev', file('posts.ts'), '--store', 'memory', '--port', '0'],
    '--store memory replaces the store of an application that ws() built; spec/cli/files/posts.ts exports another handler.',
  ],
  [
    ['dev', file('posts.ts'), '--isolate', '--store', 'memory'],
    '--isolate and --store memory exclude each other: what one instance has in its memory, the others do not.',
  ],
  [
    ['dev', file('posts.ts'), '--route', ''],
    "--route must be a route key, not ''. '$' begins only $connect, $disconnect and $default, in single quotes.",
  ],
  [
    ['dev', file('posts.ts'), '--expression', ''],
    "--expression must be a selection expression, such as '$request.body.type', in single quotes.",
  ],
  ...[
    ['${', "the brace of '${' is not closed"],
    ['$request.body.', "the path of '$request.body.' breaks off"],
    ['$request.header.x', "of a message only $request.body is known, and no '$request.header.x'"],
  ].map(
    ([expression = '', why]) =>
      [
        ['dev', file('posts.ts'), '--expression', expression],
        `--expression must be a selection expression, such as '$request.body.type', in single quotes: ${why}.`,
      ] as const,
  ),
  [
    ['dev', file('posts.ts'), '--authorizer', 'auth', '--identity-source', 'foo'],
    "--identity-source must be as AWS writes it, such as route.request.querystring.token or route.request.header.Auth, not 'foo'.",
  ],
  [
    ['dev', file('posts.ts'), '--identity-source', 'route.request.header.Auth'],
    '--identity-source is where an authorizer looks. Say which export that is with --authorizer NAME.',
  ],
  [
    ['dev', file('posts.ts'), '--authorizer', 'auth', '--route', 'join'],
    "--authorizer belongs to the route $connect. Add it: --route '$connect'.",
  ],
  [['dev', file('posts.ts'), '--port', '70000'], "--port must be a number from 0 to 65535, not '70000'."],
  [['dev', file('posts.ts'), '--stage', 'a/b'], "--stage must be 1 to 128 of letters, digits, '_' and '-', not 'a/b'."],
  [['dev', file('posts.ts'), '--page', 'no.html'], 'There is no file no.html.'],
  [['dev', file('posts.ts'), '--page', 'spec'], 'spec is a folder. Name a file in it.'],
  [['dev', file('posts.ts'), '--host', 'a b'], "--host must be an address to listen on, such as 0.0.0.0, not 'a b'."],
  [['dev', '.'], '. is a folder. Name a file in it.'],
  ...['data.json', 'notes.txt', 'page/index.html'].map(
    (name) =>
      [
        ['dev', file(name), '--port', '0'],
        `${file(name)} is no module. FILE ends in .js, .mjs, .cjs, .ts, .mts or .cts and exports the handler.`,
      ] as const,
  ),
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
  test(`'${args.join(' ')}' is refused in a sentence, with one line of usage and no stack`, async () => {
    const { code, stderr, stdout } = await command(args).ended
    assert.is(code, 2)
    assert.is(stdout, '')
    assert.is(stderr, `${sentence}\nUsage: ws-interlock dev FILE [options]. See ws-interlock --help.\n`)
  })

test('what a module throws while it is loaded is shown with its stack, after the name of the file', async () => {
  const { code, stderr, stdout } = await dev(file('throws.mjs')).ended
  assert.is(code, 1)
  assert.is(stdout, '')
  assert.match(
    stderr,
    /^spec\/cli\/files\/throws\.mjs could not be loaded: it threw\.\nError: the table is not set\n {4}at .*throws\.mjs:1:7\n$/,
  )
})

test('a syntax error is found in the file that has it', async () => {
  const { at, shown } = project({
    'a.mjs': `export { handler } from './b.mjs'`,
    'b.mjs': 'const ok = 1\nconst x = ;\n',
  })
  const { code, stderr } = await dev(at('a.mjs')).ended
  assert.is(code, 1)
  const [first, ...rest] = stderr.split('\n')
  assert.is(first, `${shown('a.mjs')} could not be loaded: ${shown('b.mjs')}:2:11: Unexpected token ';'`)
  assert.equal(rest, ['const x = ;', '          ^', ''])
})

test('a port in use is refused in a sentence that names --port, without a stack', async () => {
  const { port } = await local()
  const { code, stderr } = await command(['dev', file('posts.ts'), '--port', String(port)]).ended
  assert.is(code, 1)
  assert.match(
    stderr,
    /^Port \d+ of 127\.0\.0\.1 is in use\. Stop what listens there, or [^\n]* Choose with --port NUMBER and --host ADDRESS\.\n$/,
  )
})

test('--help and --version answer and exit with 0', async () => {
  const help = await command(['--help']).ended
  assert.is(help.code, 0)
  assert.match(help.stdout, '--route-response')
  assert.match(help.stdout, 'by Node 22.18 or later, else by the tsx of your project. Types are not checked here.')
  const version = await command(['--version']).ended
  assert.is(version.code, 0)
  assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
})

test('a Node that is too old is told so before anything else', async () => {
  const old = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.18.3' } })`
  const { code, stdout, stderr } = await command(['--help'], {
    node: [...TSX.slice(0, -1), '--import', old, ...TSX.slice(-1)],
  }).ended
  assert.is(code, 1)
  assert.is(stdout, '')
  assert.is(stderr, `ws-interlock needs Node 20.19 or later; this is ${process.version}.\n`)
})

test.run()
