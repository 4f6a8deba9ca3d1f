import { inspect } from 'node:util'

/**
 * Live on where code of the handler fails and nobody hears of it, and say in a sentence what Lambda would do. Returns how
 * to let the process end without a word.
 */
export const outlive = (log: (text: string) => void): (() => void) => {
  const tell = (sentence: string) => (error: unknown) => log(`${sentence} ${ENDS}\n${inspect(error)}`)
  const exited = (code: number) => log(`The handler called process.exit(${code}): on Lambda that ends the instance.`)
  process.on('unhandledRejection', tell('A promise of the handler was rejected and nobody waited for it.'))
  process.on('uncaughtException', tell('An error of the handler was thrown where nobody catches it.'))
  process.on('exit', exited)
  return () => {
    process.off('exit', exited)
  }
}

const ENDS = 'On Lambda this ends the instance.'
