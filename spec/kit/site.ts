import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { bundle } from './bundle.ts'

/** A web site on a free port of 127.0.0.1: an empty page that runs a program, which is bundled for browsers. */
export const site = async (program: string) => {
  const { files } = await bundle(program)
  const server = createServer(({ url = '/' }, response) => {
    const text = url === '/' ? PAGE : files.get(url.slice(1))
    const type = url === '/' ? 'text/html' : 'text/javascript'
    if (text === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

// The icon is said to be none, since browsers ask for one and complain where there is none.
const PAGE =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>'
