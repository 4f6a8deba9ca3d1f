import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('dynamodb store: the bundle')
// Away from every node_modules, as where the SDK is not installed.
const home = mkdtempSync(join(tmpdir(), 'ws-interlock-bundle-'))
test.after(() => rmSync(home, { recursive: true, force: true }))

const bundled = async () => {
  cpSync(resolve(import.meta.dirname, '../../lib'), join(home, 'lib'), { recursive: true })
  const outfile = join(home, 'bundle.mjs')
  const { errors } = await build({
    entryPoints: [join(home, 'lib/state/dynamodb.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['xstate'],
    logLevel: 'silent',
    outfile,
  })
  return { errors, outfile }
}

test('without the SDK the store can be bundled, and says what to install when it is given a client', async () => {
  const { errors, outfile } = await bundled()
  assert.equal(errors, [])
  const script = join(home, 'run.mjs')
  writeFileSync(
    script,
    `import { dynamodb } from ${JSON.stringify(outfile)}
    const { records } = dynamodb({ tableName: 't', client: { send: async () => ({}) } })
    await records.read('a').catch((error) => console.log(error.message))`,
  )
  assert.is(
    spawnSync(process.execPath, [script], { encoding: 'utf8' }).stdout,
    "GetItem on the DynamoDB table 't' failed: dynamodb({ client }) needs the package of the client: npm install @aws-sdk/client-dynamodb. Without `client` no package is needed.\n",
  )
})

test.run()
