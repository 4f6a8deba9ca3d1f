import type { Api } from '../event/event.ts'
import type { ConnectionRecord, Due } from '../store/store.ts'
import type { Protocol } from './protocol.ts'

/** Have somebody look when the next deadline is over, where a record has one that it did not have before. */
export const arm = async (
  { deadlines }: Protocol,
  connectionId: string,
  api: Api | undefined,
  first: ConnectionRecord | undefined,
  last: ConnectionRecord | undefined,
): Promise<void> => {
  if (!deadlines || !last) return
  const at = nextOf(last)
  if (at !== undefined && at !== nextOf(first)) await deadlines.arm({ connectionId, at, api: apiOf(api) })
}

/** When the next deadline of a record is over. */
export const nextOf = (record: ConnectionRecord | undefined): number | undefined => record?.due && earliest(record.due)

const earliest = (due: readonly Due[]) => (due.length > 0 ? Math.min(...due.map(({ at }) => at)) : undefined)

const apiOf = (api: Api | undefined): Api | undefined =>
  api && { apiId: api.apiId, stage: api.stage, domainName: api.domainName }
