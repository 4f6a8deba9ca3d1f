import type * as MISTAKES from '../mistakes.ts'
import type { AnySchema, InputOf, Schema } from '../schema.ts'
import type { MetaOf, PresenceUpdate } from './channel.ts'
import type { PushMap } from './declarations.ts'
import type { Mistake } from './mistake.ts'

/** The names that `.pushes()` declared. Without any, the sentence that asks for them. */
export type PushName<P extends PushMap> = [keyof P] extends [never]
  ? Mistake<typeof MISTAKES.noPushes, never>
  : keyof P & string

/** What members of a channel are pushed where presence is declared. */
export type PresencePush<S> = S extends AnySchema
  ? { readonly $presence: Schema<PresenceUpdate<MetaOf<S>>, PresenceUpdate<MetaOf<S>>> }
  : {}

/** What a push carries, as it is before its schema has seen it. */
export type PushData<P extends PushMap, N> = N extends keyof P
  ? P[N] extends AnySchema
    ? InputOf<P[N]>
    : never
  : never
