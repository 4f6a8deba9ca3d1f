import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev as runDev } from '../../lib/cli/dev.ts'
import { peer } from '../kit/peer.ts'
import { dev, plain, project, reloaded, says, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, reload')
test.after.each(tidyUp)

/** An application with a protocol, which greets in its own way. */
const app = (greeting: string, { version = '1', second = 'second', migrate = '' } = {}) => `
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'

const machine = createMachine({
  id: 'steps',
  version: '${version}',
  initial: 'first',
  states: { first: { on: { go: '${second}' } }, ${second}: { on: { greet: '${second}' } } },
})
export const handler = ws()
  .store(memory())
  .protocol(machine, { ${migrate} })
  .onConnect(() => accept())
  .on('go', () => {})
  .on('greet', () => '${greeting}')
  .build()
`

test('a save is taken, and the connection and the state of its protocol stay', async () => {
  const { at, save, shown } = project({ 'app.ts': app('hello') })
  const { url, printed } = dev(at('app.ts'))
  const ann = await peer(await url())
  assert.is((await ann.ask('greet')).error?.code, 'FAILED_PRECONDITION')
  await ann.ask('go')
  assert.is((await ann.ask('greet')).data, 'hello')
  save('app.ts', app('good day'))
  const said = await printed('stderr', reloaded)
  assert.ok(said.startsWith(`${shown('app.ts')} (`), said)
  assert.match(said, /^\S+ \(\d+ ms\), 1 connection kept$/)
  assert.is((await ann.ask('greet')).data, 'good day')
})

test('a state that another version of the machine has stored meets migrate()', async () => {
  const { at, save } = project({ 'app.ts': app('hello') })
  const { url, printed } = dev(at('app.ts'))
  const ann = await peer(await url())
  await ann.ask('go')
  save('app.ts', app('hello', { version: '2', second: 'renamed' }))
  await printed('stderr', reloaded)
  assert.is(Object((await ann.ask('greet')).error?.details).stored, 'steps@1')
  const migrate = `migrate: ({ version, value }) => version === 'steps@1' ? { value: 'renamed', context: {} } : undefined`
  save('app.ts', app('moved', { version: '2', second: 'renamed', migrate }))
  await printed('stderr', reloaded)
  assert.is((await ann.ask('greet')).data, 'moved')
})

test('a file that is imported is new, too, and one that only the new code imports is watched', async () => {
  const { ask, save, server } = await plain(
    {
      'a.mjs': `export { handler } from './b.mjs'`,
      'b.mjs': `export { handler } from './deep/c.mjs'`,
      'deep/c.mjs': says('one'),
    },
    'a.mjs',
  )
  assert.is(await ask(), 'one')
  save('deep/c.mjs', says('two'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two')
  save('other/d.mjs', says('three'))
  save('b.mjs', `export { handler } from './other/d.mjs'`)
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'three')
  save('other/d.mjs', says('four'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'four')
})

test('what a package has in memory stays as it is: only the own files are loaded anew', async () => {
  const code = (text: string) =>
    `import { count } from 'counter'\nimport { own } from './own.mjs'\nexport const handler = async () => ({ statusCode: 200, body: \`${text} \${count()} \${own()}\` })`
  const counter = (name: string) => `let n = 0\nexport const ${name} = () => ++n`
  const { ask, save, server } = await plain(
    {
      'a.mjs': code('a'),
      'own.mjs': counter('own'),
      'node_modules/counter/package.json': '{ "name": "counter", "type": "module", "exports": "./index.js" }',
      'node_modules/counter/index.js': counter('count'),
    },
    'a.mjs',
  )
  // $connect was the first event.
  assert.is(await ask(), 'a 2 2')
  save('a.mjs', code('b'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'b 3 1')
})

test('CommonJS is loaded anew with all that it requires', async () => {
  const { ask, save, server } = await plain(
    {
      'package.json': '{ "type": "commonjs" }',
      'a.js': `const { text } = require('./b')\nexports.handler = async () => ({ statusCode: 200, body: text + require('./c.cjs') })`,
      'b.js': `exports.text = 'one'`,
      'c.cjs': `module.exports = ' c'`,
    },
    'a.js',
  )
  assert.is(await ask(), 'one c')
  save('b.js', `exports.text = 'two'`)
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two c')
  save('c.cjs', `module.exports = ' d'`)
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two d')
})

test('TypeScript of a package without a type is loaded anew', async () => {
  const { ask, save, server } = await plain(
    {
      'package.json': '{}',
      'a.ts': `import { text } from './b'\nexport const handler = async () => ({ statusCode: 200, body: text })`,
      'b.ts': `export const text: string = 'one'`,
    },
    'a.ts',
  )
  assert.is(await ask(), 'one')
  save('b.ts', `export const text: string = 'two'`)
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two')
})

test('a message that is under way ends on the old code', async () => {
  const code = (text: string) => `
    export const handler = async ({ body }) => {
      if (body === 'wait') await new Promise((resolve) => { globalThis.letGo = resolve })
      if (body === 'go') globalThis.letGo()
      return { statusCode: 200, body: '${text} ' + body }
    }`
  const { client, save, server } = await plain({ 'a.mjs': code('old') }, 'a.mjs')
  client.send('wait')
  client.send('x')
  assert.is(await client.next(), 'old x')
  save('a.mjs', code('new'))
  await server.printed('stderr', reloaded)
  client.send('go')
  const both = [await client.next(), await client.next()].sort()
  assert.equal(both, ['new go', 'old wait'])
})

test('a route that only the new code has is deployed', async () => {
  const code = (routes: string) => `
    import { accept, ws } from 'ws-interlock'
    export const handler = ws({ routeBy: 'routeKey' }).onConnect(() => accept())${routes}.build()`
  const one = `.on('one', ({ event }) => event.requestContext.routeKey)`
  const { at, save } = project({ 'app.ts': code(one) })
  const { url, printed } = dev(at('app.ts'))
  const ann = await peer(await url())
  assert.is((await ann.ask('one')).data, 'one')
  assert.is((await ann.ask('two')).error?.code, 'UNIMPLEMENTED')
  save('app.ts', code(`${one}${one.replaceAll('one', 'two')}`))
  await printed('stderr', reloaded)
  assert.is((await ann.ask('two')).data, 'two')
})

test('--no-watch takes no save', async () => {
  const { ask, at, save } = await plain({ 'a.mjs': says('one') }, 'a.mjs', ['--no-watch'])
  // Another one, which watches, says when the save is to be seen.
  const watching = dev(at('a.mjs'))
  await watching.url()
  save('a.mjs', says('two'))
  await watching.printed('stderr', reloaded)
  assert.is(await ask(), 'one')
})

test('--store memory takes the place of a table, and keeps what is in it', async () => {
  const code = (text: string) =>
    app(text).replace('.store(memory())', `.store(dynamodb({ tableName: 'none' }))`).replaceAll('memory', 'dynamodb')
  const { at, save } = project({ 'app.ts': code('one') })
  const { url, printed } = dev(at('app.ts'), ['--store', 'memory'])
  const ann = await peer(await url())
  await ann.ask('go')
  assert.is((await ann.ask('greet')).data, 'one')
  save('app.ts', code('two'))
  await printed('stderr', reloaded)
  assert.is((await ann.ask('greet')).data, 'two')
})

test('in code, exports() is of the code that runs now', async () => {
  const before = { ...process.env }
  const { at, save } = project({ 'a.mjs': `${says('x')}export const number = 1\n` })
  const said: string[] = []
  let heard = () => {}
  const log = (text: string) => {
    said.push(text)
    heard()
  }
  const server = await runDev({ file: at('a.mjs'), port: 0, print: () => {}, log })
  process.env = before
  assert.is(Reflect.get(server.exports(), 'number'), 1)
  const isReloaded = new Promise<void>((resolve) => {
    heard = resolve
  })
  save('a.mjs', `${says('x')}export const number = 2\n`)
  await isReloaded
  assert.is(Reflect.get(server.exports(), 'number'), 2)
  await server.close()
  assert.match(said.join('\n'), /^Reloaded \S+ \(\d+ ms\)$/)
})

test.run()
