/** Connections that this page opened itself. A browser is not told their ids: the feed is, and they are matched here. */
export const makeOwn = (model) => {
  const all = new Set()
  const ids = new Map()
  const listeners = new Set()

  const name = (one, connectionId) => {
    one.connectionId = connectionId
    ids.set(connectionId, one)
    for (const listener of listeners) listener(connectionId)
  }
  const matches = (one, seen) => {
    if (one.connectionId !== undefined || ids.has(seen.connectionId)) return false
    if (seen.kind === 'opened') return one.query === seen.query && seen.userAgent === navigator.userAgent
    // Of two that look alike, the first message tells which is which.
    return seen.kind === 'received' && one.said.includes(seen.body)
  }
  model.listen(({ seen }) => {
    if (!seen) return
    const found = [...all].find((one) => matches(one, seen))
    if (found) name(found, seen.connectionId)
  })

  return {
    has: (connectionId) => ids.has(connectionId),
    listen: (listener) => listeners.add(listener),
    all,
    /** Resolves once it is open; rejects with a sentence where the gateway refuses. */
    open: (path, query, protocols, heard) =>
      new Promise((resolve, reject) => {
        const url = new URL(`ws://${location.host}${path}`)
        url.search = query
        const one = { socket: undefined, query: url.search, said: [], connectionId: undefined }
        // A name that is no token, or twice the same, is refused by the browser itself.
        one.socket = protocols.length > 0 ? new WebSocket(url, protocols) : new WebSocket(url)
        all.add(one)
        let isOpen = false
        one.socket.addEventListener('open', () => {
          isOpen = true
          resolve(one)
        })
        one.socket.addEventListener('message', ({ data }) => heard(one, { text: String(data) }))
        one.socket.addEventListener('close', ({ code, reason }) => {
          all.delete(one)
          ids.delete(one.connectionId)
          if (isOpen) heard(one, { closed: `Closed with ${code}${reason ? `, '${reason}'` : ''}.` })
          else reject(new Error('The connection was refused. The log of messages says how $connect answered.'))
        })
      }),
    send: (one, text) => {
      one.said.push(text)
      if (one.said.length > 20) one.said.shift()
      one.socket.send(text)
    },
  }
}
