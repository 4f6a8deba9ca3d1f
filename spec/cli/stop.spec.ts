import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connect } from '../kit/local.ts'
import { dev, project, TSX, tidyUp } from './command.ts'

const test = suite('ws-interlock dev, its end')
test.after.each(tidyUp)

/** Says goodbye a few turns late: who does not wait for it does not hear it. */
const SLOW = `
import { setImmediate } from 'node:timers/promises'
export const handler = async ({ requestContext: { eventType } }) => {
  if (eventType === 'DISCONNECT') {
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    console.log('goodbye')
  }
  return { statusCode: 200, body: 'still here' }
}
// What a module holds open keeps nothing alive.
setInterval(() => {}, 1_000)
`
const HANGS = `export const handler = async ({ requestContext: { eventType } }) =>
  eventType === 'DISCONNECT' ? new Promise(() => {}) : { statusCode: 200 }`

for (const how of ['SIGINT', 'SIGTERM', 'SIGHUP', 'the end of stdin'] as const)
  test(`${how} closes connections with 1001, waits for their $disconnect and exits with 0`, async () => {
    const { at } = project({ 'slow.mjs': SLOW })
    const { child, ended, url } = dev(at('slow.mjs'))
    const client = await connect(await url())
    if (how === 'the end of stdin') child.stdin?.end()
    else child.kill(how)
    assert.is((await client.closed).code, 1001)
    const { code, stdout } = await ended
    assert.is(code, 0)
    assert.match(stdout, /^goodbye$/m)
  })

test("a stdin that is nobody's ends nothing", async () => {
  const { at } = project({ 'slow.mjs': SLOW })
  const { child, ended, url } = dev(at('slow.mjs'), ['--route-response'], { stdio: ['ignore', 'pipe', 'pipe'] })
  const client = await connect(await url())
  client.send('x')
  assert.is(await client.next(), 'still here')
  child.kill('SIGINT')
  assert.is((await ended).code, 0)
})

test('a second Ctrl-C does not wait for a handler that hangs', async () => {
  const { at } = project({ 'hangs.mjs': HANGS })
  const { child, ended, url } = dev(at('hangs.mjs'))
  await connect(await url())
  // A Ctrl-C at once after another counts as the same one: hence many.
  const again = setInterval(() => child.kill('SIGINT'), 50)
  const { code } = await ended
  clearInterval(again)
  assert.is(code, 130)
})

test('a second Ctrl-C counts from a tenth of a second after the first', async () => {
  const { at } = project({ 'hangs.mjs': HANGS })
  // By the clock of the process 150 ms pass from one look to the next.
  const hasty = 'data:text/javascript,let ms = 0; performance.now = () => (ms += 150)'
  const node = [...TSX.slice(0, -1), '--import', hasty, ...TSX.slice(-1)]
  const { child, ended, printed, url } = dev(at('hangs.mjs'), [], { node })
  await connect(await url())
  child.kill('SIGINT')
  await printed('stderr', /Closing\./)
  child.kill('SIGINT')
  assert.is((await ended).code, 130)
})

test.run()
