import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dev, plain, project, reloaded, says, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, code that fails where nobody hears of it')
test.after.each(tidyUp)

const FAILS = `
import { EventEmitter } from 'node:events'
export const handler = async ({ body = '' }) => {
  if (body === 'timer') setTimeout(() => { throw new Error('from a timer') })
  if (body === 'event') setImmediate(() => new EventEmitter().emit('error', new Error('from an event')))
  if (body === 'promise') Promise.reject(new Error('from a promise'))
  if (body === 'exit') process.exit(3)
  return { statusCode: 200, body }
}
`

test('what a handler throws where nobody catches it is told in a sentence, and its connection stays', async () => {
  const { ask, server } = await plain({ 'a.mjs': FAILS }, 'a.mjs')
  for (const [word, sentence] of [
    ['timer', /An error of the handler was thrown where nobody catches it\. On Lambda .*\nError: from a timer\n/],
    ['event', /An error of the handler was thrown where nobody catches it\. On Lambda .*\nError: from an event\n/],
    [
      'promise',
      /A promise of the handler was rejected and nobody waited for it\. On Lambda .*\nError: from a promise\n/,
    ],
  ] as const) {
    await ask(word)
    await server.printed('stderr', sentence)
  }
  assert.is(await ask('still here'), 'still here')
})

test('what a file that was loaded anew throws later ends nothing', async () => {
  const { ask, save, server } = await plain({ 'a.mjs': says('one') }, 'a.mjs')
  save('a.mjs', `setTimeout(() => { throw new Error('later') })\n${says('two')}`)
  await server.printed('stderr', reloaded)
  await server.printed('stderr', /Error: later\n/)
  assert.is(await ask(), 'two')
})

const EXITED = 'The handler called process.exit(3): on Lambda that ends the instance.'

test('a handler that ends the process is said to, and its exit code stays', async () => {
  const { client, server } = await plain({ 'a.mjs': FAILS }, 'a.mjs')
  client.send('exit')
  const { code, stderr } = await server.ended
  assert.is(code, 3)
  assert.ok(stderr.includes(EXITED), stderr)
})

test('a module that ends the process while it is loaded is said to', async () => {
  const { at } = project({ 'a.mjs': 'process.exit(3)\n' })
  const { code, stderr } = await dev(at('a.mjs')).ended
  assert.is(code, 3)
  assert.is(stderr, `${EXITED}\n`)
})

test.run()
