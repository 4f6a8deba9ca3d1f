import type { Api } from '../event/event.ts'
import type { ConnectionRecord, Due } from '../store/store.ts'
import type { Protocol } from './protocol.ts'

/** Have somebody look when the next deadline is over, and a token, where a record has one that it did not have before. */
export const arm = async (
  { deadlines }: Protocol,
  connectionId: string,
  api: Api | undefined,
  first: ConnectionRecord | undefined,
  last: ConnectionRecord | undefined,
): Promise<void> => {
  if (!deadlines || !last) return
  for (const next of [nextOf, watchOf]) {
    const at = next(last)
    if (at !== undefined && at !== next(first)) await deadlines.arm({ connectionId, at, api: apiOf(api) })
  }
}

/** From when on the time of a record's token is to be minded: when another one is to be asked for, or its end. */
const watchOf = (record: ConnectionRecord | undefined): number | undefined => record?.askAt ?? record?.expiresAt

/** Whether there is something to mind: a message comes to this with each token's last minute, and most never do. */
export const isWatched = (record: ConnectionRecord | undefined, now: number): record is ConnectionRecord =>
  (watchOf(record) ?? Number.POSITIVE_INFINITY) <= now

/** When the next deadline of a record is over. */
export const nextOf = (record: ConnectionRecord | undefined): number | undefined => record?.due && earliest(record.due)

const earliest = (due: readonly Due[]) => (due.length > 0 ? Math.min(...due.map(({ at }) => at)) : undefined)

const apiOf = (api: Api | undefined): Api | undefined =>
  api && { apiId: api.apiId, stage: api.stage, domainName: api.domainName }
