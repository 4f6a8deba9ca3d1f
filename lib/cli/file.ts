import { existsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { UsageError } from './error.ts'

/** The path of a file that is there. */
export const existing = (file: string): string => {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found) throw new UsageError(`There is no file ${file}.`)
  if (found.isDirectory()) throw new UsageError(`${file} is a folder. Name a file in it.`)
  return resolve(file)
}

/** The page to serve: the one that was named, or the index.html beside the file. */
export const pageOf = (file: string, page: string | undefined): string | undefined => {
  if (page !== undefined) return existing(page)
  const beside = join(dirname(file), 'index.html')
  return existsSync(beside) ? beside : undefined
}

/** A path as the reader knows it. */
export const shown = (path: string): string => {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') ? path : near
}

/** What can be imported. */
export const MODULE = /\.[cm]?[jt]sx?$/
