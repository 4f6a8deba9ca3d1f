import { parse } from 'uvu/parse'
import { run } from 'uvu/run'
import { countAll } from './kit/count.ts'

// `npm test -- local` runs the specs whose path contains 'local'; `npm test -- -real` all but those with 'real' in it.
const { suites } = await parse(import.meta.dirname, /\.spec\.ts$/, { ignore: [] })
const words = process.argv.slice(2)
const unwanted = words.flatMap((word) => (word.startsWith('-') ? [word.slice(1)] : []))
const [wanted = ''] = words.filter((word) => !word.startsWith('-'))
countAll()
await run(
  suites.filter(({ name }) => name.includes(wanted) && !unwanted.some((word) => name.includes(word))),
  { bail: false },
)
