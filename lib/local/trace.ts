import { AsyncLocalStorage } from 'node:async_hooks'
import { WsError } from '../errors.ts'
import type { Plan } from '../flow/plan.ts'
import type { ConnectionRecord, ReplaceResult, StorePorts } from '../store/store.ts'
import { change, type Inside } from './inside.ts'

/** What an application did in one invocation. */
export interface Trace {
  /** The route that it found in the message. */
  readonly name?: string
  /** The code of the error that the peer was told. */
  readonly code?: string
  /** What its owner was told, of all failures the last. */
  readonly error?: unknown
  /** States of the connection's machine, as the library's own messages name them. */
  readonly states?: { readonly before: string | undefined; readonly after: string | undefined }
}

export interface Tracer {
  readonly run: <Result>(
    connectionId: string,
    work: () => Promise<Result>,
  ) => Promise<{ readonly result: Result; readonly trace: Trace }>
  /** Leave the application as it was found. */
  readonly undo: () => void
}

/** Watch an application at its ports: which route it finds, which states it reads and stores, what it tells of errors. */
export const tracer = ({ plan, ports }: Inside): Tracer => {
  const current = new AsyncLocalStorage<Notes>()
  const undos = [
    change(plan, watchedPlan(plan, current)),
    ...(ports ? [change(ports, watchedPorts(ports, current))] : []),
  ]
  return {
    run: async (connectionId, work) => {
      const notes: Notes = { connectionId }
      const result = await current.run(notes, work)
      return { result, trace: read(notes) }
    },
    undo: () => {
      for (const undo of undos) undo()
      // Before Node 24 every promise of the process is slow for as long as somebody may ask.
      current.disable()
    },
  }
}

/** What is noted while an invocation runs. */
interface Notes {
  readonly connectionId: string
  name?: string
  code?: string
  error?: unknown
  before?: string | undefined
  state?: string | undefined
}

const read = ({ name, code, error, before, state }: Notes): Trace => ({
  ...(name !== undefined && { name }),
  ...(code !== undefined && { code }),
  ...(error !== undefined && { error }),
  ...(state !== undefined && { states: { before: before ?? state, after: state } }),
})

const watchedPlan = (plan: Plan, current: AsyncLocalStorage<Notes>): Pick<Plan, 'codec' | 'onError'> => {
  const { codec, onError } = plan
  return {
    codec: {
      ...codec,
      read: (body) => {
        const frame = codec.read(body)
        const notes = current.getStore()
        if (notes) notes.name = frame.action
        return frame
      },
      error: (frame, error) => {
        const notes = current.getStore()
        if (notes) notes.code = error.code
        return codec.error(frame, error)
      },
    },
    onError: (error, context) => {
      const notes = current.getStore()
      if (notes) notes.error = error
      if (onError) return onError(error, context)
      // As flow/report.ts does where nobody is told.
      if (!(error instanceof WsError) || error.code === 'INTERNAL' || error.cause !== undefined) console.error(error)
      return undefined
    },
  }
}

const watchedPorts = (ports: StorePorts, current: AsyncLocalStorage<Notes>): Partial<StorePorts> => {
  const { records, commit } = ports
  /** Of others one may read: what counts is what it wrote itself. */
  const found = (connectionId: string, record: ConnectionRecord | undefined) => {
    const notes = current.getStore()
    if (notes?.connectionId === connectionId && record) notes.state = nameOf(record)
  }
  const wrote = (connectionId: string, next: ConnectionRecord, { ok }: ReplaceResult) => {
    const notes = current.getStore()
    if (notes?.connectionId !== connectionId || !ok) return
    const state = nameOf(next)
    if (state !== notes.state) notes.before = notes.state
    notes.state = state
  }
  return {
    records: {
      ...records,
      create: async (connectionId, record) => {
        const created = await records.create(connectionId, record)
        if (created) found(connectionId, record)
        return created
      },
      read: async (connectionId) => {
        const record = await records.read(connectionId)
        found(connectionId, record)
        return record
      },
      replace: async (connectionId, version, next) => {
        const result = await records.replace(connectionId, version, next)
        wrote(connectionId, next, result)
        return result
      },
    },
    ...(commit && {
      commit: async (connectionId, version, next, changes) => {
        const result = await commit(connectionId, version, next, changes)
        wrote(connectionId, next, result)
        return result
      },
    }),
  }
}

const nameOf = ({ state }: ConnectionRecord): string | undefined => {
  if (!state) return undefined
  return typeof state.value === 'string' ? state.value : JSON.stringify(state.value)
}
