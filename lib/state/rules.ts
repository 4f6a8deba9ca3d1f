import type { Application } from '../flow/state.ts'
import { mistake, need, needKeys } from '../mistakes.ts'
import type { Schema } from '../schema.ts'
import type { StorePorts } from '../store/store.ts'

/** What `.channels()` was given, checked. */
export interface ChannelRules {
  readonly authorize?: (context: object, channel: string) => unknown
  readonly normalize?: (name: string) => string
  /** The schema of what is said of whoever is present. */
  readonly presence?: Schema
  /** Whether broadcasts carry an id in any case. */
  readonly ids?: boolean
}

export const rulesOf = (application: Application, { memberships, blobs }: StorePorts): ChannelRules => {
  const { fanout } = application
  if (fanout !== undefined) {
    need(typeof Object(fanout).spread === 'function', 'fanout({ client, queueUrl })', 'ws({ fanout })')
    if (!blobs) throw mistake('A fan-out needs a store that keeps texts.', 'blobs of .store()')
  }
  if (!('channels' in application)) return {}
  const { channels } = application
  needKeys('.channels()', channels, ['authorize', 'normalize', 'presence', 'ids'])
  const rules = channels as ChannelRules // whose members are checked here
  for (const name of ['authorize', 'normalize'] as const)
    need(rules[name] === undefined || typeof rules[name] === 'function', 'A function', `.channels({ ${name} })`)
  need(['boolean', 'undefined'].includes(typeof rules.ids), 'A boolean', '.channels({ ids })')
  if (rules.presence === undefined) return rules
  need(typeof Object(rules.presence)['~standard'] === 'object', 'A schema', '.channels({ presence })')
  if (!memberships.note) throw mistake('Presence needs a store that keeps notes.', 'memberships.note() of .store()')
  return rules
}
