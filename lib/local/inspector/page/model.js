import { parsed } from './dom.js'

/** What the page knows. Views are told what changed, and read the rest. */
export const makeModel = () => {
  const model = {
    connections: new Map(),
    total: { opened: 0, received: 0, sent: 0, failed: 0 },
    log: [],
    faults: [],
    selected: undefined,
    listeners: new Set(),
  }
  const byRequest = new Map()
  const tell = (change) => {
    for (const listener of model.listeners) listener(change)
  }

  const keep = (row) => {
    model.log.push(row)
    if (model.log.length > MAX_ROWS) byRequest.delete(model.log.shift().requestId)
    if (row.requestId !== undefined) byRequest.set(row.requestId, row)
    return row
  }
  const fault = (row) => {
    model.faults.push(row)
    if (model.faults.length > MAX_FAULTS) model.faults.shift()
  }
  const changed = (connectionId, count) => {
    const connection = model.connections.get(connectionId)
    if (connection && count) connection[count]++
    return connection
  }

  const takes = {
    opened: (seen, change) => {
      const known = model.connections.get(seen.connectionId)
      model.connections.set(seen.connectionId, { ...seen, received: 0, sent: 0, failed: 0, state: known?.state })
      model.total.opened++
      change.isOpenedOrClosed = true
      change.rows.push(keep({ ...seen, name: 'connected', text: seen.query }))
    },
    closed: (seen, change) => {
      model.connections.delete(seen.connectionId)
      change.isOpenedOrClosed = true
      change.rows.push(keep({ ...seen, name: 'closed', text: `${seen.code} ${seen.reason}` }))
    },
    refused: (seen, change) => {
      change.rows.push(keep({ ...seen, name: 'refused', text: `${seen.status} ${seen.reason}`, isRefusal: true }))
    },
    chaos: (seen, change) => {
      const { kind, ms, routeKey } = seen.fault
      const text = [routeKey, ms === undefined ? undefined : `${ms} ms`].filter(Boolean).join(', ')
      change.rows.push(keep({ ...seen, name: kind, text, isRefusal: true }))
    },
    received: (seen, change) => {
      model.total.received++
      changed(seen.connectionId, 'received')
      change.rows.push(keep({ ...seen, name: seen.routeKey, text: seen.body }))
    },
    sent: (seen, change) => {
      model.total.sent++
      changed(seen.connectionId, 'sent')
      change.rows.push(keep({ ...seen, ...readSent(seen) }))
    },
    invoked: ({ number, at, invocation }, change) => {
      const { connectionId, requestId, states, eventType } = invocation
      if (invocation.isFailed) {
        model.total.failed++
        changed(connectionId, 'failed')
      }
      const connection = model.connections.get(connectionId)
      if (states?.after !== undefined && eventType === 'MESSAGE' && connection) connection.state = states.after
      // `$connect` ends before the connection is there; its state waits for it.
      if (states?.after !== undefined && eventType === 'CONNECT') waiting(connectionId, states.after)
      if (invocation.isFailed) fault({ number, at, ...invocation })
      const row = byRequest.get(requestId)
      if (row) {
        Object.assign(row, { name: invocation.name || row.name, invocation, isChanged: true })
        change.changedRows.push(row)
      } else if (invocation.isFailed || (eventType === 'CONNECT' && invocation.status >= 300))
        change.rows.push(keep({ number, at, kind: 'invoked', connectionId, invocation, ...refusalOf(invocation) }))
    },
  }

  const states = new Map()
  const waiting = (connectionId, state) => {
    states.set(connectionId, state)
    if (states.size > MAX_ROWS) states.delete(states.keys().next().value)
  }
  const settle = ({ kind, connectionId }) => {
    if (kind !== 'opened' || !states.has(connectionId)) return
    model.connections.get(connectionId).state = states.get(connectionId)
    states.delete(connectionId)
  }

  return {
    ...model,
    get selected() {
      return model.selected
    },
    /** Everything anew. */
    begin: ({ total, connections, events }) => {
      model.connections.clear()
      model.log.length = 0
      model.faults.length = 0
      byRequest.clear()
      for (const seen of events) takes[seen.kind]?.(seen, emptyChange())
      // The events are the last ones; what is open, and how often, the gateway knows better.
      model.connections.clear()
      for (const { connectionId, ...connection } of connections)
        model.connections.set(connectionId, { connectionId, received: 0, sent: 0, failed: 0, query: '', ...connection })
      Object.assign(model.total, total)
      if (!model.connections.has(model.selected)) model.selected = undefined
      tell({ ...emptyChange(), isWhole: true, isOpenedOrClosed: true })
    },
    take: (seen) => {
      const change = { ...emptyChange(), seen, connectionId: seen.connectionId ?? seen.invocation?.connectionId }
      takes[seen.kind]?.(seen, change)
      settle(seen)
      tell(change)
    },
    select: (connectionId) => {
      if (model.selected === connectionId) return
      model.selected = connectionId
      tell({ ...emptyChange(), isSelected: true })
    },
    /** The store knows of a state before the feed does: a deadline may have passed. */
    learn: (connectionId, state) => {
      const connection = model.connections.get(connectionId)
      if (!connection || state === undefined || connection.state === state) return
      connection.state = state
      tell({ ...emptyChange(), connectionId })
    },
    clear: () => {
      model.log.length = 0
      byRequest.clear()
      tell({ ...emptyChange(), isCleared: true })
    },
    listen: (listener) => model.listeners.add(listener),
  }
}

export const MAX_ROWS = 1_000
const MAX_FAULTS = 200

const emptyChange = () => ({ rows: [], changedRows: [] })

/** What was sent, by the shapes that this library sends; any other has no name. */
const readSent = ({ text, by }) => {
  const { action, event, error, message } = Object(parsed(text))
  const code = typeof error?.code === 'string' ? error.code : undefined
  const name = [code, event, action, by === 'gateway' ? message : undefined].find((one) => typeof one === 'string')
  return { name: name ?? by, text, isRefusal: code !== undefined || by === 'gateway' }
}

const refusalOf = ({ eventType, status, outcome }) => ({
  name: eventType === 'CONNECT' ? 'refused' : eventType.toLowerCase(),
  text: `${eventType === 'CONNECT' ? '$connect' : '$disconnect'} ${status ?? outcome}`,
})
