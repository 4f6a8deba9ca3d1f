import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { road } from '../kit/dynamodb.ts'
import { median } from './measure.ts'

/** What a function does before its first answer of DynamoDB. */
export interface Cold {
  readonly name: string
  /** From the import to the first answer, in a fresh process: the median. */
  readonly milliseconds: number
  /** Median of the ratios to the SDK, each taken within one round. */
  readonly ratio: number
  /** The bundle, minified. */
  readonly kiB: number
}

/** Import, construct and first read, in bundles and fresh processes: through the AWS SDK, and by ourselves. */
export const coldStarts = async (rounds = 15): Promise<readonly Cold[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'ws-interlock-cold-'))
  try {
    const { endpoint } = await road('', () => ({ status: 200, body: '{}' }))
    const files = await Promise.all(WAYS.map((way, index) => bundle(join(folder, `${index}.mjs`), way)))
    const times = WAYS.map((): number[] => [])
    for (let round = -1; round < rounds; round++)
      for (const [index, file] of files.entries()) {
        const time = await firstRead(file, endpoint)
        // The first round warms the file system.
        if (round >= 0) times[index]?.push(time)
      }
    const [sdk = []] = times
    return WAYS.map(({ name }, index) => {
      const own = times[index] ?? []
      return {
        name,
        milliseconds: median(own),
        ratio: median(own.map((time, round) => time / (sdk[round] ?? time))),
        kiB: statSync(files[index] ?? '').size / 1024,
      }
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Way {
  readonly name: string
  readonly source: string
  readonly external: readonly string[]
}

const OURS = `
  import { dynamodb } from 'ws-interlock/store/dynamodb'
  const { records } = dynamodb({ tableName: 't' })
  await records.read('a')`

const WAYS: readonly Way[] = [
  {
    name: 'through a client of the AWS SDK',
    source: `
      import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
      import { dynamodb } from 'ws-interlock/store/dynamodb'
      const { records } = dynamodb({ tableName: 't', client: new DynamoDBClient() })
      await records.read('a')`,
    external: [],
  },
  { name: 'signed by ourselves', source: OURS, external: ['@aws-sdk/client-dynamodb'] },
  { name: 'signed by ourselves, the SDK in the bundle all the same', source: OURS, external: [] },
]

const bundle = async (outfile: string, { source, external }: Way) => {
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'js' },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['ws-interlock:source'],
    external: ['xstate', ...external],
    // Parts of the SDK are CommonJS, and require what is Node's.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    outfile,
  })
  return outfile
}

const run = promisify(execFile)
const firstRead = async (file: string, endpoint: string): Promise<number> => {
  const code = `const t = performance.now(); await import(${JSON.stringify(file)}); console.log(performance.now() - t); process.exit()`
  const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '-e', code], {
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'any',
      AWS_SECRET_ACCESS_KEY: 'any',
    },
  })
  return Number(stdout)
}

if (process.argv[1] === import.meta.filename) console.table(await coldStarts())
