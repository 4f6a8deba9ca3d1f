import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** A line to a gateway, on which a connection can be cut at either end. */
export interface Wire {
  /** Where the gateway is to be reached by it. */
  readonly url: string
  /**
   * Kill the connection that was made last. The gateway's end: its socket is destroyed, and the client hears of it. The
   * client's end: the client hears of it, and the gateway holds the connection for open.
   */
  readonly cut: (end: End) => void
  readonly close: () => Promise<void>
}

export type End = 'gateway' | 'client'

export const wire = async (to: string): Promise<Wire> => {
  const { hostname, port, pathname } = new URL(to)
  const lines: { readonly near: Socket; readonly far: Socket }[] = []
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), noDelay: true })
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      end.on('error', () => {})
      // What is said into a line that was cut goes nowhere.
      end.on('data', (bytes) => other.destroyed || other.write(bytes))
    }
    near.on('end', () => far.end())
    far.on('close', () => near.destroy())
    lines.push({ near, far })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    cut: (end) => {
      const line = lines.at(-1)
      if (end === 'gateway') line?.far.resetAndDestroy()
      else line?.near.resetAndDestroy()
    },
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const { near, far } of lines) {
        near.destroy()
        far.destroy()
      }
      await closed
    },
  }
}
