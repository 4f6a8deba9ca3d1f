import { dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Who began something, by the stack of that moment. */
export interface Beginning {
  /** The first place in the user's own files: `server.ts:12:3`. */
  readonly place: string | undefined
  /** Whether it was a package that called Node, or this library. */
  readonly isPackages: boolean
  /** Whether Node itself did, on behalf of whom it was called by. */
  readonly isNodes: boolean
}

export const beginningOf = (stack: string): Beginning => {
  const frames = stack
    .split('\n')
    .flatMap((line) => FRAME.exec(line)?.[1] ?? [])
    .filter((frame) => !pathOf(frame).startsWith(HERE))
  const [first] = frames
  const own = frames.find((frame) => !isPackages(frame))
  return { place: own && shown(own), isPackages: first !== undefined && isPackages(first), isNodes: isNodes(stack) }
}

/** Below whoever watches and the timers there is more of Node, before anybody's file. */
const isNodes = (stack: string) => {
  const frames = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !/node:(?:internal\/)?(?:timers|async_hooks)/.test(line))
  const caller = frames.find((line) => !pathOf(FRAME.exec(line)?.[1] ?? '').startsWith(HERE))
  return caller?.includes('node:') === true
}

/** `at run (file:///a/b.ts:1:2)`, `at async /a/b.ts:1:2`. Those of Node itself begin with `node:`. */
const FRAME = /^\s+at (?:.*\()?(?:async )?((?:file:|\/|[A-Z]:\\).*:\d+:\d+)\)?$/

const isPackages = (frame: string) => /[\\/]node_modules[\\/]/.test(frame) || pathOf(frame).startsWith(OWN)
/** Who watches, and who calls the handler. */
const HERE = import.meta.dirname + sep
const OWN = dirname(dirname(import.meta.dirname)) + sep

const shown = (frame: string) => {
  const near = relative(process.cwd(), pathOf(frame))
  return near.startsWith('..') ? pathOf(frame) : near
}

/** With line and column, and without what a loader adds to a URL. */
const pathOf = (frame: string) => {
  const [, place = frame, at = ''] = /^(.*?)(?:\?.*?)?(:\d+:\d+)$/.exec(frame) ?? []
  return (place.startsWith('file:') ? fileURLToPath(place) : place) + at
}
