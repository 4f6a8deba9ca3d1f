import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { MARK } from './hooks.ts'

/** An error with its stack, less the frames of Node, of this library and of the loader: what is left is the user's. */
export const stackOf = (error: unknown): string => {
  const lines = tidy(textOf(error)).split('\n')
  const kept = lines.filter((line) => !isFrame(line) || !isForeign(line))
  // An error of our own would be left without any.
  return (kept.some(isFrame) ? kept : lines).join('\n')
}

/** Its members are left out: those of an SDK's error fill a screen. */
const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return inspect(error)
  const cause = error.cause === undefined || error.cause === error ? '' : `\nCaused by: ${textOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}

/** Paths in place of URLs, as an editor and a terminal know them, and without the mark of a reload. */
export const tidy = (text: string): string =>
  text
    .replace(new RegExp(`(?:\\?|%3F|&)${MARK}=\\d+`, 'g'), '')
    .replace(/file:\/\/\/[^\s:)]*(?::[\\/][^\s:)]*)?/g, (url) => {
      try {
        return fileURLToPath(url)
      } catch {
        return url
      }
    })

export const isFrame = (line: string): boolean => /^\s+at /.test(line)

const OWN = dirname(import.meta.dirname) + sep

const isForeign = (line: string) =>
  /[( ]node:|\(<anonymous>\)$/.test(line) || line.includes(OWN) || /[\\/]node_modules[\\/](tsx|esbuild)[\\/]/.test(line)
