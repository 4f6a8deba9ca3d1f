import type { PeerError } from '../errors.ts'
import { RemoteError } from './errors.ts'
import type { Request, Requests, Rules } from './requests.ts'

/**
 * A message was answered, and nothing ran. Where it is worth it, send the same message again, in its place and with its
 * id. And tell those that depend on it (`dep`) that it does not count: the server never counted it.
 */
export const again = (
  { book, write }: Requests,
  { clock, random, changes }: Rules,
  request: Request,
  error: PeerError,
): void => {
  const { name, link, dep, end, reject } = request
  const others = [...book.waiting].filter((other) => other.session === request.session && other !== request)
  const forget = (count: number) => {
    if (dep === undefined || request.session !== book.session) return
    book.counted -= count
    for (const other of others) if (other.dep !== undefined && other.dep > dep) other.dep -= count
  }
  if (error.code !== 'UNAVAILABLE') {
    if (changes(name)) forget(1)
    end(() => reject(new RemoteError(name, error)))
    return
  }
  // The first of those on their way waits for messages that will never come: they were given up, and lost on their way.
  const { settled } = Object(error.details) as { readonly settled?: number }
  const isFirst = !others.some((other) => other.dep !== undefined && dep !== undefined && other.dep < dep)
  if (settled !== undefined && dep !== undefined && isFirst && settled < dep) {
    forget(dep - settled)
    request.dep = settled
  }
  clock.setTimeout(
    () => {
      if (link && request.link === link) write(request, link)
    },
    error.retryAfterMs ?? Math.round(random() * RETRY_MS),
  )
}

const RETRY_MS = 200
