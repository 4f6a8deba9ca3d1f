import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev as runDev } from '../../lib/cli/dev.ts'
import { connect, fakeClock, signal } from '../kit/local.ts'
import { dev, plain, project, reloaded, says, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, files whose top-level await never settles')
test.after.each(tidyUp)

const HUNG = `console.log('loading')\nawait new Promise(() => {})\n${says('never')}`

test('the old code runs on, and a later save wins', async () => {
  const { ask, save, server } = await plain({ 'a.mjs': says('one') }, 'a.mjs')
  save('a.mjs', HUNG)
  await server.printed('stdout', /loading/)
  assert.is(await ask(), 'one')
  save('a.mjs', says('two'))
  await server.printed('stderr', reloaded)
  assert.is(await ask(), 'two')
})

test('at the start a save wins as well, also after one that cannot be loaded', async () => {
  const { at, save } = project({ 'a.mjs': HUNG })
  const server = dev(at('a.mjs'), ['--route-response'])
  await server.printed('stdout', /loading/)
  save('a.mjs', 'const x = ;\n')
  await server.printed('stderr', /Unexpected token ';'\n(?:.*\n)*Nothing runs until a save that can be loaded\.\n/)
  save('a.mjs', says('two'))
  const client = await connect(await server.url())
  client.send('x')
  assert.is(await client.next(), 'two')
})

test('code that comes after all does not take the place of a later save', async () => {
  const { ask, at, save, server } = await plain({ 'a.mjs': says('one') }, 'a.mjs')
  const late = `
import { existsSync, watch } from 'node:fs'
console.log('loading')
await new Promise((resolve) => {
  const watcher = watch(${JSON.stringify(at('.'))}, () => existsSync(${JSON.stringify(at('go'))}) && resolve(watcher.close()))
})
setTimeout(() => console.log('came'))
${says('late')}`
  save('a.mjs', late)
  await server.printed('stdout', /loading/)
  save('a.mjs', says('two'))
  await server.printed('stderr', reloaded)
  save('go', '')
  await server.printed('stdout', /came/)
  assert.is(await ask(), 'two')
})

test('Ctrl-C while a file is being loaded ends with 0', async () => {
  const { at } = project({ 'a.mjs': HUNG })
  const { child, ended, printed } = dev(at('a.mjs'))
  await printed('stdout', /loading/)
  child.kill('SIGINT')
  const { code, stderr } = await ended
  assert.is(code, 0)
  assert.is(stderr, 'Closing. Ctrl-C again to end at once.\n')
})

test('a file that is still being loaded after five seconds is said to be', async () => {
  const { at, save, shown } = project({ 'a.mjs': 'globalThis.loading()\nawait new Promise(() => {})\n' })
  const before = { ...process.env }
  const loading = signal()
  Object.assign(globalThis, { loading: loading.resolve })
  const [clock, said] = [fakeClock(), [] as string[]]
  const starting = runDev({ file: at('a.mjs'), port: 0, print: () => {}, log: (text) => said.push(text), clock })
  await loading.promise
  // It has set where handlers post to, which is not for the specs after this one.
  process.env = before
  clock.advance(4_999)
  assert.equal(said, [])
  clock.advance(1)
  assert.equal(said, [
    `${shown('a.mjs')} is still being loaded after 5 s: what it awaits at its top level does not come. Nothing runs until a save that can be loaded.`,
  ])
  save('a.mjs', says('two'))
  // The save is seen at some time, and then it waits for half a second.
  const passing = setInterval(() => clock.advance(500), 10)
  await (await starting).close()
  clearInterval(passing)
})

test.run()
