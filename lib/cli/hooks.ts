import type { ResolveFnOutput, ResolveHook, ResolveHookContext } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { MessagePort } from 'node:worker_threads'

/** In the URL of a module that was loaded again: `server.ts?ws-interlock=2`. */
export const MARK = 'ws-interlock'

export interface Followed {
  /** The file that the user named. */
  readonly entry: string
  /** Our own folder, whose modules stay. Below it nothing is the user's. */
  readonly own: string
}

/**
 * Follow what a file imports, and give every module of the user's the mark of whoever imports it: so a file that is
 * imported again under a new mark brings a new graph, and the old graph stays whole.
 *
 * Runs in the thread of the hooks where Node has them there, so it keeps to itself.
 */
export const follower = ({ entry, own }: Followed, found: (path: string) => void) => {
  const reached = new Set<string>()
  /** What a CommonJS module imports has no mark to go by: the module is known by its path alone. */
  const unmarked = new Set<string>()
  let last: string | undefined
  return (specifier: string, context: ResolveHookContext, resolved: ResolveFnOutput): ResolveFnOutput => {
    const path = pathOf(resolved.url)
    if (path === undefined || path.startsWith(own) || /[\\/]node_modules[\\/]/.test(path)) return resolved
    const parent = context.parentURL === undefined ? undefined : pathOf(context.parentURL)
    const asked = markIn(specifier)
    if (parent === undefined || !reached.has(parent)) {
      if (path !== entry) return resolved
      last = asked
    }
    reached.add(path)
    found(path)
    const isRequired = context.conditions.includes('require')
    if (isRequired || !/^(module|json)/.test(resolved.format ?? '')) unmarked.add(path)
    const mark = asked ?? markIn(context.parentURL) ?? (parent && unmarked.has(parent) ? last : undefined)
    if (isRequired || mark === undefined || markIn(resolved.url) !== undefined) return resolved
    return { ...resolved, url: `${resolved.url}${resolved.url.includes('?') ? '&' : '?'}${MARK}=${mark}` }
  }
}

const markIn = (url = '') => MARKED.exec(url)?.[1]
const MARKED = new RegExp(`${MARK}=(\\d+)`)

/** Without what a loader may have put into the path of a CommonJS module to tell it from another. */
const pathOf = (url: string) => (url.startsWith('file:') ? fileURLToPath(url).replace(/\?.*$/s, '') : undefined)

let follow: ReturnType<typeof follower> | undefined

/** For `module.register`, where hooks run in a thread of their own. */
export const initialize = ({ port, ...followed }: Followed & { readonly port: MessagePort }): void => {
  follow = follower(followed, (path) => port.postMessage(path))
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const resolved = await next(specifier, context)
  return follow ? follow(specifier, context, resolved) : resolved
}
