import type { TaskJob } from './task.ts'

/** Read what came to a worker. Throws a TypeError, in a sentence, for what is no job. */
export const taskJobOf = (given: unknown): TaskJob => {
  const job: { readonly [Name in keyof TaskJob]?: unknown } = Object(given)
  const { kind, taskId, name, connectionId, api, idempotencyKey, attempts, keepMs } = job
  const isJob =
    kind === 'task' &&
    // It becomes part of the names of what is kept: no slash may make of it another one.
    /^[\w-]{1,128}$/.test(String(taskId)) &&
    [taskId, name, connectionId, idempotencyKey].every(isText) &&
    Number.isSafeInteger(attempts) &&
    Number(attempts) > 0 &&
    Number.isFinite(keepMs) &&
    Number(keepMs) > 0 &&
    isApi(api)
  if (isJob) return job as TaskJob // as was read
  throw new TypeError(
    'It is no task: { "kind": "task", "taskId", "name", "data", "connectionId", "api": { "apiId", "stage", "domainName" }, "idempotencyKey", "attempts", "keepMs" }, "data" if any.',
  )
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''

const isApi = (api: unknown) => {
  const { apiId, stage, domainName }: Readonly<Record<string, unknown>> = Object(api)
  // They become part of a host and a path: no slash may make of them another host.
  return [apiId, stage, domainName].every((part) => typeof part === 'string' && /^[\w.:$[\]-]+$/.test(part))
}
