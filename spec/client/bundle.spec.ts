import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bundle } from '../kit/bundle.ts'

const test = suite('the client in a bundle for browsers')

const CLIENT = "import { connect } from 'ws-interlock/client'\nglobalThis.connect = connect"
const CODECS = `${CLIENT}\nimport * as codecs from 'ws-interlock/client/codec'\nObject.assign(globalThis, codecs)`

/** Besides the client's own: what it shares with the server, and none of it reaches a gateway, a store or a socket. */
const SHARED: readonly RegExp[] = [
  // How the codecs of both ends write.
  /^lib\/wire\/[\w-]+\.ts$/,
  /^lib\/mistakes\.ts$/,
]

/** What the mirror adds, which is loaded where `protocol` is given: the machine runs in it as it does on the server. */
const MIRRORED = /^lib\/protocol\/(?:machine|check|foresee|refusal|delays|plain|stay)\.ts$/

const strangers = (inputs: readonly string[], shared: readonly RegExp[]) =>
  inputs.filter((path) => !/^lib\/client\//.test(path) && !shared.some((allowed) => allowed.test(path)))

test('what is loaded at the start is the client and nothing else', async () => {
  const { inputsAtStart } = await bundle(CLIENT)
  assert.ok(inputsAtStart.includes('lib/client/connect.ts'))
  assert.equal(strangers(inputsAtStart, []), [])
})

test('what is loaded later is the client, and what the mirror shares with the server', async () => {
  const { inputs } = await bundle(CLIENT)
  assert.ok(inputs.includes('lib/client/mirror.ts'))
  assert.equal(strangers(inputs, [MIRRORED]), [])
})

test('the codecs bring what they share with those of the server', async () => {
  const { inputs } = await bundle(CODECS)
  assert.ok(inputs.includes('lib/client/codec/deflate.ts'))
  assert.equal(strangers(inputs, [MIRRORED, ...SHARED]), [])
})

test('there is neither node:, nor ws, nor xstate in it', async () => {
  const { files } = await bundle(CODECS)
  for (const [name, text] of files) {
    const imported = [...text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*["']([^"']+)["']/g)].map(
      ([, path]) => path,
    )
    assert.equal(
      imported.filter((path) => !path?.startsWith('./')),
      [],
      name,
    )
    assert.not.match(text, /node:|Buffer\.|process\.(?:env|version)/, name)
  }
})

test('what imports something of Node cannot be bundled', async () => {
  const [failed] = await Promise.allSettled([bundle("import { testGateway } from 'ws-interlock/testing'\ntestGateway")])
  assert.is(failed?.status, 'rejected')
})

test('tasks bring what follows them and nothing of the server, and a program without them carries none', async () => {
  const { inputs } = await bundle(
    `${CLIENT}\nimport * as tasks from 'ws-interlock/client/task'\nglobalThis.tasks = tasks`,
  )
  assert.ok(inputs.includes('lib/client/task-news.ts'))
  assert.equal(strangers(inputs, [MIRRORED]), [])
  const without = await bundle(CLIENT)
  assert.equal(
    without.inputs.filter((path) => path.startsWith('lib/client/task')),
    [],
  )
})

test('a program that uses no codec carries none', async () => {
  const { inputs } = await bundle(CLIENT)
  assert.equal(
    inputs.filter((path) => path.startsWith('lib/client/codec/')),
    [],
  )
})

test.run()
