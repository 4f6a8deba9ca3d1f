import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parse } from 'uvu/parse'
import type { Outcome } from './kit/shard.ts'

// `npm test -- local` runs the specs whose path contains 'local'; `npm test -- -real` all but those with 'real' in it.
const words = process.argv.slice(2)
const unwanted = words.flatMap((word) => (word.startsWith('-') ? [word.slice(1)] : []))
const [wanted = ''] = words.filter((word) => !word.startsWith('-'))
const suites = (await parse(import.meta.dirname, /\.spec\.ts$/, { ignore: [] })).suites.filter(
  ({ name }) => name.includes(wanted) && !unwanted.some((word) => name.includes(word)),
)
// Explorers take three times as long while what they run is counted, and compilers and packers run nothing of lib.
const isUncounted = ({ name }: { name: string }) => /races|model|soak|types|pack/.test(name)
const counted = suites.filter((suite) => !isUncounted(suite))
const uncounted = suites.filter(isUncounted)
const sums = { total: 0, passed: 0, skipped: 0 }
const began = performance.now()

/** One process that takes file after file, until none is left. One that ends in a file has failed it, and another goes on. */
const runShard = (left: typeof suites, env: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('kit/shard.ts', import.meta.url)), { env })
    let suite: (typeof suites)[number] | undefined
    let since = 0
    const add = ({ output, total, passed, skipped }: Outcome) => {
      console.log(`${suite?.name}  ${((performance.now() - since) / 1000).toFixed(1)} s\n${output}`)
      sums.total += total
      sums.passed += passed
      sums.skipped += skipped
    }
    child.on('message', (message: 'ready' | Outcome) => {
      if (message !== 'ready') add(message)
      suite = left.shift()
      since = performance.now()
      if (suite) child.send(suite.file)
      else child.disconnect()
    })
    child.on('exit', (code, killed) => {
      if (!suite) return resolve()
      add({ output: `   FAIL  The process ended in mid-file: ${killed ?? code}.\n`, total: 1, passed: 0, skipped: 0 })
      resolve(runShard(left, env))
    })
  })

const { NODE_V8_COVERAGE: _, ...uncountedEnv } = process.env
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), suites.length) }, async () => {
    await runShard(counted, process.env)
    await runShard(uncounted, uncountedEnv)
  }),
)

const forgotten = counted.length + uncounted.length
if (forgotten > 0) console.log(`No process was left to run ${forgotten} files.`)
console.log(`  Total:     ${sums.total}\n  Passed:    ${sums.passed}\n  Skipped:   ${sums.skipped}`)
console.log(`  Duration:  ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
process.exitCode = sums.passed < sums.total || forgotten > 0 ? 1 : 0
