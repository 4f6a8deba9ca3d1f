import { realpathSync } from 'node:fs'
import module, { createRequire, type ResolveFnOutput, type ResolveHookContext } from 'node:module'
import { dirname, extname, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { type Followed, follower, MARK } from './hooks.ts'

/** A file and what it imports, as far as that is the user's: neither packages nor this library. */
export interface Graph {
  /** Import all of it as it is on the disk now. The first time no URL has a mark, as if nobody followed. */
  readonly load: () => Promise<object>
  /** Look for what was required meanwhile: a handler may do so when it is first called. */
  readonly look: () => void
  readonly close: () => void
}

/** Follow a file. `found` is told the path of each module, again at each load. */
export const graphOf = (file: string, found: (path: string) => void, loads = 0): Graph => {
  const entry = realpathSync(file)
  const followed = { entry, own: dirname(import.meta.dirname) + sep }
  const { close, seesRequire, hear } = install(followed, found)
  const isOurs = modulesBefore(followed)
  const mine = () => Object.keys(cache).filter(isOurs)
  const look = () => {
    for (const key of mine()) found(key.replace(/\?.*$/s, ''))
  }
  let count = loads
  return {
    load: async () => {
      for (const key of mine()) delete cache[key]
      const query = count === 0 ? '' : `?${MARK}=${count}`
      count++
      try {
        return await import(`${pathToFileURL(entry)}${query}`)
      } finally {
        hear()
        look()
      }
    },
    look: seesRequire ? () => {} : look,
    close,
  }
}

const { cache } = createRequire(import.meta.url)

/** What CommonJS has loaded before is whoever started this process's. */
const modulesBefore = ({ own }: Followed) => {
  const before = new Set(Object.keys(cache))
  return (key: string) => !before.has(key) && !key.startsWith(own) && !/[\\/]node_modules[\\/]/.test(key)
}

const install = (followed: Followed, found: (path: string) => void): Installed => {
  // Newer than the types: Node 22.15 has it, and it follows `require` too.
  const registerHooks: RegisterHooks | undefined = Reflect.get(module, 'registerHooks')
  if (registerHooks) {
    const follow = follower(followed, found)
    const hooks = registerHooks({
      resolve: (specifier, context, next) => follow(specifier, context, next(specifier, context)),
    })
    return { close: () => hooks.deregister(), seesRequire: true, hear: () => {} }
  }
  const { port1, port2 } = new MessageChannel()
  const data = { ...followed, port: port2 }
  port1.on('message', found)
  port1.unref()
  module.register(`./hooks${extname(import.meta.filename)}`, import.meta.url, { data, transferList: [port2] })
  const hear = () => {
    for (let said = receiveMessageOnPort(port1); said; said = receiveMessageOnPort(port1)) found(said.message)
  }
  return { close: () => port1.close(), seesRequire: false, hear }
}

interface Installed {
  readonly close: () => void
  readonly seesRequire: boolean
  /** Hear now what another thread has said and this one would hear in a later turn. */
  readonly hear: () => void
}

type RegisterHooks = (hooks: {
  readonly resolve: (
    specifier: string,
    context: ResolveHookContext,
    next: (specifier: string, context: ResolveHookContext) => ResolveFnOutput,
  ) => ResolveFnOutput
}) => { readonly deregister: () => void }
