import { compile } from './compile/compile.ts'
import type { Step } from './compile/parts.ts'
import type { Builder } from './types/builder.ts'
import type { NoDeclarations } from './types/declarations.ts'
import type { Options } from './types/options.ts'

/**
 * Start an application: declarations, then routes, then `build()`, which returns a Lambda handler.
 *
 * ```ts
 * export const handler = ws()
 *   .onConnect(() => accept())
 *   .on('echo', v.string(), ({ data }) => data)
 *   .build()
 * ```
 *
 * Every method returns a new link and changes nothing, so that a chain can be kept and branched.
 */
export const ws = (options: Options = {}): Builder<NoDeclarations> =>
  // The one cast of the library: the chain is untyped inside and typed at this door.
  chain(options, undefined) as unknown as Builder<NoDeclarations>

/** One link: what it adds, and what came before it. */
interface Link {
  readonly step: Step
  readonly before: Link | undefined
}

type Chain = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>

const chain = (options: Options, last: Link | undefined): Chain => {
  const add =
    (name: string) =>
    (...given: readonly unknown[]) =>
      chain(options, { step: { name, given }, before: last })
  return {
    ...Object.fromEntries(METHODS.map((name) => [name, add(name)])),
    build: () => compile(options, stepsOf(last)),
  }
}

const METHODS = [
  ...['authorizer', 'store', 'pushes', 'protocol', 'extend', 'use'],
  ...['onConnect', 'on', 'onDefault', 'onDisconnect', 'onError'],
]

const stepsOf = (last: Link | undefined): Step[] => {
  const steps: Step[] = []
  for (let link = last; link; link = link.before) steps.push(link.step)
  return steps.reverse()
}
