import type { Store } from '../../lib/store/store.ts'
import type { AppLike } from '../../lib/types/app.ts'
import type { Builder } from '../../lib/types/builder.ts'
import type { Client } from '../../lib/types/client.ts'
import type { NoDeclarations } from '../../lib/types/declarations.ts'
import type { Options } from '../../lib/types/options.ts'

export declare const ws: (options?: Options) => Builder<NoDeclarations>
export declare const connect: <A extends AppLike>(url: string) => Client<A>
export declare const store: Store
export { accept, reject } from '../../lib/types/connect.ts'
export type { Middleware } from '../../lib/types/middleware.ts'
export { route } from '../../lib/types/route.ts'
