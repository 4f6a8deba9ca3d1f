import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { WebSocket } from 'ws'
import { connect, signal } from '../kit/local.ts'
import { dev, project, TSX, tidyUp } from './command.ts'

const test = suite('ws-interlock dev under a debugger')
test.after.each(tidyUp)

const code = (body: string) => `export const handler = async () => {
  const body = '${body}'
  return { statusCode: 200, body }
}
`

/** A debugger, as far as it sets a breakpoint and stops there: Chrome's protocol over a WebSocket. */
const debugging = async (url: string) => {
  const socket = new WebSocket(url)
  const answers = new Map<number, (result: unknown) => void>()
  let lastId = 0
  let paused = signal<unknown>()
  socket.on('message', (text) => {
    const { id, method, params, result } = JSON.parse(String(text))
    if (id !== undefined) answers.get(id)?.(result)
    if (method === 'Debugger.paused') paused.resolve(params)
  })
  await new Promise((resolve) => socket.once('open', resolve))
  const ask = (method: string, params: object = {}) =>
    new Promise<unknown>((resolve) => {
      answers.set(++lastId, resolve)
      socket.send(JSON.stringify({ id: lastId, method, params }))
    })
  await ask('Debugger.enable')
  return {
    ask,
    paused: () => paused.promise,
    resume: async () => {
      paused = signal()
      await ask('Debugger.resume')
    },
  }
}

test('a breakpoint holds in the code of every load', async () => {
  const { at, save } = project({ 'a.mjs': code('one') })
  const server = dev(at('a.mjs'), ['--route-response'], { node: ['--inspect=127.0.0.1:0', ...TSX] })
  const { ask, paused, resume } = await debugging(await server.printed('stderr', /Debugger listening on (ws:\S+)\n/))
  const client = await connect(await server.url())
  // As editors set it: for the file under its URL, whatever query follows.
  const file = at('a.mjs').replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  await ask('Debugger.setBreakpointByUrl', { lineNumber: 2, urlRegex: `^file://${file}($|\\?)` })

  for (const body of ['one', 'two']) {
    client.send('x')
    const { callFrames } = Object(await paused())
    assert.is(callFrames[0].functionName, 'handler')
    const { result } = Object(
      await ask('Debugger.evaluateOnCallFrame', { callFrameId: callFrames[0].callFrameId, expression: 'body' }),
    )
    assert.is(result.value, body)
    await resume()
    assert.is(await client.next(), body)
    if (body === 'two') return
    save('a.mjs', code('two'))
    await server.printed('stderr', /Reloaded/)
  }
})

test.run()
