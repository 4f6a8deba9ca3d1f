import { connect } from './local.ts'

/** A frame of the server, as `lib/wire/README.md` has it. */
export interface Heard {
  readonly action?: string
  readonly id?: string
  readonly event?: string
  readonly data?: unknown
  readonly error?: { readonly code: string; readonly message: string; readonly details?: unknown }
}

export interface Peer {
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  readonly close: () => void
  readonly ask: (action: string, data?: unknown) => Promise<Heard>
  readonly pushed: (event: string) => Promise<unknown>
}

/** A client that asks by id and takes pushes in the order of their arrival. */
export const peer = async (url: string): Promise<Peer> => {
  const { socket, closed, send } = await connect(url)
  const heard: Heard[] = []
  const news = new Set<() => void>()
  let lastId = 0
  socket.on('message', (data) => {
    heard.push(JSON.parse(data.toString()))
    for (const tell of news) tell()
  })
  /** Take the first frame that fits, once it has come. */
  const take = (fits: (frame: Heard) => boolean, what: string) =>
    within<Heard>(what, (done) => {
      const look = () => {
        const at = heard.findIndex(fits)
        if (at < 0) return
        news.delete(look)
        for (const frame of heard.splice(at, 1)) done(frame)
      }
      news.add(look)
      look()
    })
  return {
    closed,
    close: () => socket.close(1000),
    ask: (action: string, data?: unknown): Promise<Heard> => {
      const id = String(++lastId)
      send({ action, id, data })
      return take((frame) => frame.id === id, `the answer to '${action}'`)
    },
    pushed: async (event: string): Promise<unknown> =>
      (await take((frame) => frame.event === event, `the push '${event}'`)).data,
  }
}

/** A promise that does not wait for ever. */
export const within = <Value>(what: string, run: (done: (value: Value) => void) => void, ms = 30_000) =>
  new Promise<Value>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Waited ${ms} ms in vain for ${what}.`)), ms)
    run((value) => {
      clearTimeout(timer)
      resolve(value)
    })
  })
