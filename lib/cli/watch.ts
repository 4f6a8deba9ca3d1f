import { existsSync, type FSWatcher, statSync, watch } from 'node:fs'
import { dirname, join } from 'node:path'
import { shown } from './file.ts'

export interface Watcher {
  /** Watch a file. It may be missing: then it is awaited. `false` where it is watched already. */
  readonly add: (path: string) => boolean
  /** Until it is called again: take any file for changed that looks as if it could be wanted. */
  readonly beEager: (isWanted: ((path: string) => boolean) | undefined) => void
  readonly close: () => void
}

/**
 * Call `changed` after files were saved, once for a burst of saves.
 *
 * Folders are watched and not files, because many an editor writes a new file and puts it in the place of the old one.
 */
export const watching = (changed: () => void, log: (text: string) => void): Watcher => {
  const folders = new Map<string, FSWatcher | undefined>()
  const files = new Set<string>()
  const dirty = new Set<string>()
  let isWanted: ((path: string) => boolean) | undefined
  let timer: NodeJS.Timeout | undefined
  let isDeaf = false

  const settle = () => {
    // Gone for a moment: whoever is about to put a new file there tells by putting it there.
    if (![...dirty].some((path) => existsSync(path))) return
    dirty.clear()
    changed()
  }
  const touch = (path: string) => {
    if (!files.has(path) && !isWanted?.(path)) return
    dirty.add(path)
    clearTimeout(timer)
    timer = setTimeout(settle, BURST_MS)
  }
  const watchFolder = (folder: string) => {
    try {
      const watcher = watch(folder, (_, name) => {
        if (name !== null) touch(join(folder, name))
        // Some systems do not say which file it was.
        else for (const path of files) if (dirname(path) === folder) touch(path)
        // A folder that comes back under the same name is another one.
        if (!existsSync(folder)) forget(folder)
      })
      watcher.on('error', () => forget(folder))
      folders.set(folder, watcher)
    } catch (error) {
      // A folder that is not there yet is tried again with the next file in it.
      if (isDeaf || !existsSync(folder)) return
      isDeaf = true
      log(`Changes in ${shown(folder)} are not seen: ${Object(error).message}.`)
    }
  }
  const forget = (folder: string) => {
    folders.get(folder)?.close()
    folders.delete(folder)
  }

  return {
    add: (path) => {
      if (!folders.has(dirname(path))) watchFolder(dirname(path))
      return files.size < files.add(path).size
    },
    beEager: (wanted) => {
      isWanted = wanted
    },
    close: () => {
      clearTimeout(timer)
      for (const folder of [...folders.keys()]) forget(folder)
    },
  }
}

/** Whether a file was written since: what is watched from now on may have changed before. */
export const isNewer = (path: string, thanMs: number): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > thanMs

/** A tool that saves many files takes a moment for it. */
const BURST_MS = 50
