import { parse } from 'uvu/parse'
import { run } from 'uvu/run'

// `npm test -- local` runs the specs whose path contains 'local'.
const { suites } = await parse(import.meta.dirname, /\.spec\.ts$/, { ignore: [] })
const wanted = process.argv[2] ?? ''
await run(
  suites.filter(({ name }) => name.includes(wanted)),
  { bail: false },
)
