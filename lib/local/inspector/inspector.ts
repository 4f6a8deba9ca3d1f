import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connection } from '../connection.ts'
import type { Feed } from '../feed.ts'
import type { Inside } from '../inside.ts'
import { assets } from './assets.ts'
import { backlog } from './backlog.ts'
import { describe } from './description.ts'
import { recordOf } from './record.ts'
import { streams } from './stream.ts'
import { headersFor, refusalOf } from './visitor.ts'

export interface Inspector {
  /** Answer a request, if it is for the inspector; `false` where it is not. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => boolean
  /** End what still listens. */
  readonly close: () => void
}

export interface Inspected {
  readonly feed: Feed
  /** The inside of the application that runs now: new code may have taken its place. */
  readonly inside: () => Inside | undefined
  /** The open connections. */
  readonly connections: ReadonlyMap<string, Connection>
  /** Where WebSocket clients connect. */
  readonly url: string
}

/**
 * The inspector of a running gateway: a page at `/@inspector`, and at `/` for whoever has no page of their own there.
 *
 * It shows what clients send, tokens included, so it answers nobody but this machine and its own page.
 */
export const inspector = ({ feed, inside, connections, url }: Inspected): Inspector => {
  const past = backlog(feed, connections)
  const { open, tell, close } = streams(past)
  const files = assets()

  const answers: Readonly<Record<string, Answer>> = {
    'app.json': async (_, response) => json(response, await describe(inside(), url)),
    'record.json': async ({ url: asked = '' }, response) =>
      json(response, await recordOf(inside(), new URLSearchParams(asked.slice(asked.indexOf('?'))).get('id') ?? '')),
    feed: async (request, response) => open(request, response),
  }
  const find = (name: string): Answer | undefined => {
    if (Object.hasOwn(answers, name)) return answers[name]
    const file = files.get(name)
    return (
      file && (async (_, response) => response.writeHead(200, { 'Content-Type': file.type }).end(await file.read()))
    )
  }

  let plan = inside()?.plan
  const stop = feed.listen(() => {
    if (plan === inside()?.plan) return
    plan = inside()?.plan
    tell('application')
  })

  return {
    handle: (request, response) => {
      const name = nameOf(request)
      if (name === undefined) return false
      for (const [header, value] of Object.entries(headersFor(request))) response.setHeader(header, value)
      const refusal = refusalOf(request)
      const answer = find(name)
      if (refusal !== undefined) refuse(response, 403, refusal)
      else if (!answer) refuse(response, 404, `The inspector has no '${name}'. Its page is at /@inspector.`)
      else if (request.method !== 'GET') refuse(response, 405, 'The inspector is read with GET.')
      else answer(request, response).catch(() => response.destroy())
      return true
    },
    close: () => {
      stop()
      past.close()
      close()
    },
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<unknown>

/** What a request asks of the inspector: a file's name, or one of its answers. */
const nameOf = ({ url = '/' }: IncomingMessage): string | undefined => {
  const [path = ''] = url.split('?')
  if (path === '/') return 'index.html'
  const [, name] = /^\/(?:@|%40)inspector(?:\/(.*))?$/.exec(path) ?? [undefined, undefined]
  if (name === undefined && !/^\/(?:@|%40)inspector$/.test(path)) return undefined
  return name || 'index.html'
}

const json = (response: ServerResponse, value: unknown) =>
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))

const refuse = (response: ServerResponse, status: number, sentence: string) =>
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(sentence)
