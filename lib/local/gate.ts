import type { Knock } from './admit.ts'
import type { Authorization } from './authorize.ts'
import type { Chaos } from './chaos.ts'
import type { Connection } from './connection.ts'
import type { Feed } from './feed.ts'
import type { Inspector } from './inspector/inspector.ts'
import type { Invoke } from './invoke.ts'
import type { Selector } from './route.ts'
import type { Settings } from './settings.ts'
import type { Tasks } from './tasks.ts'

/** What the parts of one running gateway share. */
export interface Gate {
  readonly settings: Settings
  /** The open connections. One whose `$connect` still runs is not among them. */
  readonly connections: Map<string, Connection>
  /** Asks the authorizer, where there is one. */
  readonly authorize: ((knock: Knock) => Promise<Authorization>) | undefined
  /** Changes with the code that runs. */
  selectRoute: Selector
  readonly invoke: Invoke
  readonly tasks: Tasks
  readonly feed: Feed
  /** Whether the account's quotas leave room for one more. */
  readonly hasRoomFor: Readonly<Record<'connect' | 'request', () => boolean>>
  /** What goes wrong on purpose. */
  readonly chaos: Chaos | undefined
  readonly isStopping: () => boolean
  /** Shows what goes on, once it is known where. */
  inspector?: Inspector
}
