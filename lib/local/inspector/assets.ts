import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A file of the page. */
export interface Asset {
  readonly type: string
  readonly read: () => Promise<Buffer>
}

/** The files of the page by their names. They are served as they are written: nothing is built. */
export const assets = (): ReadonlyMap<string, Asset> =>
  new Map(
    readdirSync(PAGE).flatMap((name): [string, Asset][] => {
      const type = TYPES.get(name.slice(name.lastIndexOf('.')))
      return type === undefined ? [] : [[name, { type, read: () => readFile(new URL(name, PAGE)) }]]
    }),
  )

// The package carries lib/ beside dist/, and this file lies equally deep in both.
const PAGE = new URL('../../../lib/local/inspector/page/', import.meta.url)

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
])
