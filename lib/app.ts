import { compile } from './compile/compile.ts'
import { METHODS, type Step } from './compile/parts.ts'
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
  chain(options, []) as unknown as Builder<NoDeclarations>

type Chain = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>

const chain = (options: Options, steps: readonly Step[]): Chain => {
  const add =
    (name: string) =>
    (...given: readonly unknown[]) =>
      chain(options, [...steps, { name, given }])
  return {
    ...Object.fromEntries(METHODS.map((name) => [name, add(name)])),
    build: () => compile(options, steps),
  }
}
