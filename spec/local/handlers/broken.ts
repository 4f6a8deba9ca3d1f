import { appendFileSync } from 'node:fs'

// A line for each time that it is loaded.
appendFileSync(String(process.env.LOADS), 'loaded\n')
throw new Error('The configuration is missing.')
