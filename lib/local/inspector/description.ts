import type { Inside } from '../inside.ts'
import { diagramOf } from './diagram.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { layout, type Picture } from './layout.ts'

/** What the page is told of an application, once. */
export interface Description {
  /** Where its WebSocket clients connect, without the host: `/dev`. */
  readonly path: string
  /** Whether this library built it, so that its routes are known. */
  readonly isKnown: boolean
  readonly routes: readonly { readonly name: string; readonly schema: unknown; readonly hasSchema: boolean }[]
  /** Absent without a protocol. */
  readonly diagram?: Picture
}

/** Describe an application: its routes with what they take, and its protocol as a picture. */
export const describe = async (inside: Inside | undefined, url: string): Promise<Description> => {
  const { plan, machine, protocol } = inside ?? {}
  const routes = [...(plan?.routes.values() ?? [])].filter(({ name }) => !name.startsWith('$'))
  return {
    path: new URL(url).pathname,
    isKnown: inside !== undefined,
    routes: await Promise.all(
      routes.map(async ({ name, input }) => ({
        name,
        schema: await jsonSchemaOf(input),
        hasSchema: input !== undefined,
      })),
    ),
    ...(machine && { diagram: layout(diagramOf(machine, protocol?.internal)) }),
  }
}
