import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** Whether a file can be imported as things stand: by Node itself, or by a loader that Node was started with. */
export const isReadable = (file: string): boolean => {
  if (/\.[jt]sx$/.test(file)) return hasLoader()
  return !TYPESCRIPT.test(file) || hasLoader() || Boolean(Reflect.get(process.features, 'typescript'))
}

/** Have TypeScript read by the tsx of the folder that a file is in. `false` where there is none, or it reads already. */
export const readByTsx = async (file: string): Promise<boolean> => {
  if (hasLoader()) return false
  const found = findTsx(file)
  if (found === undefined) return false
  // The same as `node --import tsx`.
  await import(pathToFileURL(found).href)
  return true
}

const TYPESCRIPT = /\.[cm]?tsx?$/

/** tsx, ts-node and their like all announce themselves here; Node's own stripping does not. */
const hasLoader = () => '.tsx' in require.extensions || '.ts' in require.extensions

const require = createRequire(import.meta.url)

const findTsx = (file: string) => {
  try {
    return createRequire(file).resolve('tsx')
  } catch {
    return undefined
  }
}
