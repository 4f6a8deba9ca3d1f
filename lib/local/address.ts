import type { IncomingMessage } from 'node:http'
import { isLoopback } from '../aws/credentials.ts'

/** Where a handler, which runs on this machine, reaches the server that accepted this request: `127.0.0.1:3001`. */
export const domainOf = ({ headers, socket }: IncomingMessage, boundTo: string): string => {
  const { localAddress = '127.0.0.1', localPort } = socket
  // An IPv4 client of an IPv6 socket was accepted on ::ffff:127.0.0.1.
  const accepted = bracketed(localAddress.replace(/^::ffff:/, ''))
  // A client writes any `Host` it likes, and the handler posts to what is returned here. So the one name that is
  // taken from it is that of the address which the connection was accepted on.
  const isLocalhost = accepted === '127.0.0.1' || accepted === '[::1]'
  if (isLocalhost && headers.host === `localhost:${localPort}`) return headers.host
  // A client elsewhere in the network was accepted on an address that a handler would take for one of AWS. A server on
  // every address is on loopback too; one on a single address is there alone, and then that address has to do.
  return `${isLoopback(accepted) || !isEveryAddress(boundTo) ? accepted : LOOPBACK}:${localPort}`
}

/** The host of a URL that a client on this machine can use. */
export const reachable = (boundTo: string): string => (isEveryAddress(boundTo) ? LOOPBACK : bracketed(boundTo))

/** Whether only this machine can connect. */
export const isPrivate = (boundTo: string): boolean => isLoopback(bracketed(boundTo))

const LOOPBACK = '127.0.0.1'

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host)

/** `0.0.0.0` and `::`, however they are written. */
const isEveryAddress = (host: string) => /^[0:.]+$/.test(host)
