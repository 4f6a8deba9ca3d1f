import { pathToFileURL } from 'node:url'

/** What one spec file came to, and what it printed. */
export interface Outcome {
  readonly output: string
  readonly total: number
  readonly passed: number
  readonly skipped: number
}

/** What uvu keeps of a suite: it runs it, and says what failed, or `true`, and how many of how many passed. */
type Runner = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>

const HIDDEN = '   FAIL  an error was thrown that uvu cannot show, since its details are no text.\n'

// A process of the parent's: it runs the files that it is given, one after the other, and asks for the next one.
process.on('message', async (file: string) => process.send?.(await runFile(file)))
process.on('disconnect', () => process.exit())
process.send?.('ready')

const runFile = async (file: string): Promise<Outcome> => {
  const printed: string[] = []
  const restore = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream
    stream.write = (chunk: string | Uint8Array) => printed.push(Buffer.from(chunk).toString()) > 0
    return () => Object.assign(stream, { write })
  })
  const runners: Runner[] = []
  Object.assign(globalThis, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: [runners] })
  const sums = { total: 0, passed: 0, skipped: 0 }
  try {
    await import(pathToFileURL(file).href)
    for (const run of runners) {
      const [errors, passed, skipped, total] = await run()
      sums.total += total
      sums.passed += passed
      sums.skipped += skipped
      // uvu shows the `details` of what was thrown as a text. Where those are an object, as with the errors of this
      // library, it fails itself, leaves out the rest of the suite, and reports success.
      if (errors !== true) printed.push(`\n${errors}\n`)
      else if (passed < total) printed.push(`\n${HIDDEN}`)
    }
  } catch (error) {
    sums.total += 1
    printed.push(`\n   FAIL  ${error instanceof Error ? error.stack : error}\n`)
  }
  for (const back of restore) back()
  return { output: printed.join(''), ...sums }
}
