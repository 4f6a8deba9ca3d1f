import { request as ask } from 'node:http'
import { connect as dial } from 'node:net'
import { type } from 'arktype'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { z } from 'zod'
import { handler as chat } from '../../examples/chat/server.ts'
import { makeFeed } from '../../lib/local/feed.ts'
import type { Inside } from '../../lib/local/inside.ts'
import { inspector } from '../../lib/local/inspector/inspector.ts'
import { type Inspected, withInspector } from '../kit/inspected.ts'
import { connect, ok, on } from '../kit/local.ts'

const test = suite('inspector')

interface Answered {
  readonly status: number
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

const get = ({ port }: Pick<Inspected, 'port'>, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<Answered>((resolve, reject) => {
    const asked = ask({ host: '127.0.0.1', port, path, headers, method, agent: false }, async (answer) => {
      let body = ''
      for await (const chunk of answer) body += chunk
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body })
    })
    asked.on('error', reject).end()
  })

const json = async (gateway: Inspected, path: string) => JSON.parse((await get(gateway, path)).body)

/** The feed, one event after another. */
const follow = async function* ({ origin }: Inspected) {
  const { body } = await fetch(`${origin}/@inspector/feed`)
  let text = ''
  for await (const chunk of body ?? []) {
    text += Buffer.from(chunk).toString()
    for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
      const [, name = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(text.slice(0, at)) ?? []
      text = text.slice(at + 2)
      yield { name, ...JSON.parse(data) }
    }
  }
}

/** The next event of the feed that fits. */
const until = async (events: ReturnType<typeof follow>, fits: (event: Event) => boolean): Promise<Event> => {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new Error('The feed ended first.')
    if (fits(value)) return value
  }
}

type Event = { readonly name: string; readonly kind?: string; readonly [key: string]: unknown }

const invoked = (eventType: string) => (event: Event) =>
  event.kind === 'invoked' && Object(event.invocation).eventType === eventType

for (const host of ['localhost', '127.0.0.1', '[::1]'])
  test(`a browser on this machine sees the page at ${host}`, () =>
    withInspector(ok, async (gateway) => {
      const { status, body } = await get(gateway, '/', { Host: `${host}:${gateway.port}` })
      assert.is(status, 200)
      assert.match(body, '<title>ws-interlock inspector</title>')
    }))

for (const host of [
  'evil.example',
  'localhost.evil.example:3001',
  '127.0.0.1.nip.io',
  '192.168.1.7:3001',
  'localhost.:3001',
])
  test(`a name that was made to point here is refused: '${host}'`, () =>
    withInspector(ok, async (gateway) => {
      for (const path of ['/', '/@inspector', '/@inspector/app.json', '/@inspector/feed', '/%40inspector/feed']) {
        const { status, body } = await get(gateway, path, { Host: host })
        assert.is(status, 403, path)
        assert.match(body, 'The inspector answers at localhost')
      }
    }))

for (const origin of ['https://evil.example', 'http://localhost:1', 'http://127.0.0.1', 'null'])
  test(`a page of another origin is refused: ${origin}`, () =>
    withInspector(ok, async (gateway) => {
      const { status, headers } = await get(gateway, '/@inspector/app.json', { Origin: origin })
      assert.is(status, 403)
      assert.is(headers['access-control-allow-origin'], undefined)
    }))

test('a page of another port of this machine is refused, and a link to the page is followed', () =>
  withInspector(ok, async (gateway) => {
    const from = (mode: string) => ({ 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': mode })
    assert.is((await get(gateway, '/@inspector/app.json', from('no-cors'))).status, 403)
    assert.is((await get(gateway, '/@inspector', from('navigate'))).status, 200)
  }))

test('every answer keeps to its own origin, a refusal too', () =>
  withInspector(ok, async (gateway) => {
    for (const [path, headers] of [
      ['/', {}],
      ['/@inspector/app.json', {}],
      ['/@inspector/main.js', { Origin: gateway.origin }],
      ['/@inspector/app.json', { Origin: 'https://evil.example' }],
    ] as const) {
      const answer = await get(gateway, path, headers)
      assert.match(String(answer.headers['content-security-policy']), "default-src 'none'; script-src 'self'")
      assert.match(String(answer.headers['content-security-policy']), "frame-ancestors 'none'")
      assert.is(answer.headers['x-content-type-options'], 'nosniff')
      assert.is(answer.headers['cross-origin-resource-policy'], 'same-origin')
      assert.is(answer.headers['access-control-allow-origin'], undefined)
    }
  }))

test('it takes its own paths alone, says what it does not have, and is only read', () =>
  withInspector(ok, async (gateway) => {
    assert.is((await get(gateway, '/dev')).status, 426)
    assert.is((await get(gateway, '/elsewhere')).status, 403)
    assert.match((await get(gateway, '/elsewhere')).body, 'Forbidden')
    assert.equal((await get(gateway, '/@inspector/../../package.json')).status, 404)
    const { status, body } = await get(gateway, '/@inspector/toString')
    assert.is(status, 404)
    assert.is(body, "The inspector has no 'toString'. Its page is at /@inspector.")
    assert.is((await get(gateway, '/@inspector/app.json', {}, 'POST')).status, 405)
  }))

test('every file that the page names is there', () =>
  withInspector(ok, async (gateway) => {
    const read = new Set<string>()
    const visit = async (path: string): Promise<void> => {
      if (read.has(path)) return
      read.add(path)
      const { status, body } = await get(gateway, path)
      assert.is(status, 200, path)
      for (const [, at, beside] of body.matchAll(/(?:href|src)="(\/[^"]+)"|from '\.\/([^']+)'/g))
        await visit(at ?? `/@inspector/${beside}`)
    }
    await visit('/')
    assert.ok(read.size > 15)
  }))

test('the routes come with the schemas of Valibot, Zod and ArkType, and without where nobody says', () => {
  const own = { '~standard': { version: 1, vendor: 'own', validate: (value: unknown) => ({ value }) } } as const
  const app = ws()
    .onConnect(() => accept())
    .on('valibot', v.object({ text: v.pipe(v.string(), v.minLength(1)) }), () => {})
    .on('zod', z.object({ text: z.string().min(1) }), () => {})
    .on('arktype', type({ text: 'string >= 1' }), () => {})
    .on('own', own, () => {})
    .on('bare', () => {})
    .build()
  return withInspector(app, async (gateway) => {
    const { path, isKnown, routes, diagram } = await json(gateway, '/@inspector/app.json')
    assert.is(path, '/dev')
    assert.is(isKnown, true)
    assert.is(diagram, undefined)
    for (const { name, schema } of routes.slice(0, 3)) {
      assert.equal(schema.properties.text, { type: 'string', minLength: 1 }, name)
      assert.equal(schema.required, ['text'], name)
    }
    assert.equal(routes.slice(3), [
      { name: 'own', hasSchema: true },
      { name: 'bare', hasSchema: false },
    ])
  })
})

test('of a handler that somebody else built no routes are known', () =>
  withInspector(ok, async (gateway) => {
    assert.equal(await json(gateway, '/@inspector/app.json'), { path: '/dev', isKnown: false, routes: [] })
    assert.equal(await json(gateway, '/@inspector/record.json?id=x'), {})
  }))

test('a page that comes late gets what is open, in which state, and what has happened', () =>
  withInspector(chat, async (gateway) => {
    const client = await connect(`${gateway.url}?name=ann`, [], { headers: { 'User-Agent': 'spec' } })
    client.send({ action: 'auth', id: '1', data: { token: 'let-me-in' } })
    await client.next()
    const left = await connect(`${gateway.url}?name=bob`)
    const early = follow(gateway)
    await early.next()
    left.socket.close()
    await until(early, invoked('DISCONNECT'))
    const { value } = await follow(gateway).next()
    const { name, total, connections, events } = value ?? {}
    assert.is(name, 'snapshot')
    assert.is(connections.length, 1)
    const [{ connectionId, at, ...one }] = connections
    assert.equal(one, {
      received: 1,
      sent: 1,
      failed: 0,
      state: 'authenticated',
      query: '?name=ann',
      sourceIp: '127.0.0.1',
      userAgent: 'spec',
    })
    assert.equal(total, { opened: 2, received: 1, sent: 1, failed: 0 })
    assert.equal(
      events.filter((event: Event) => event.kind !== 'invoked').map(({ kind }: Event) => kind),
      ['opened', 'received', 'sent', 'opened', 'closed'],
    )
    const { value: stored, context } = await json(gateway, `/@inspector/record.json?id=${connectionId}`)
    assert.is(stored, 'authenticated')
    assert.equal(context, { name: 'ann', rooms: [] })
  }))

test('the record says when a deadline of the state is', () =>
  withInspector(chat, async (gateway) => {
    await connect(`${gateway.url}?name=ann`)
    const { value } = await follow(gateway).next()
    const [{ connectionId, at }] = value?.connections ?? []
    const { due } = await json(gateway, `/@inspector/record.json?id=${encodeURIComponent(connectionId)}`)
    assert.is(due.length, 1)
    assert.ok(due[0].at >= at + 60_000)
  }))

test('what a handler throws comes with its stack, a malformed answer with what it was', () => {
  const handler = on({
    MESSAGE: (event) => {
      if ('body' in event && event.body === 'throw') throw new RangeError('out of bread')
      return { statusCode: 200, loaf: 1 }
    },
  })
  return withInspector(handler, async (gateway) => {
    const events = follow(gateway)
    await events.next()
    const client = await connect(gateway.url)
    client.send('throw')
    const threw = Object((await until(events, invoked('MESSAGE'))).invocation)
    assert.is(threw.outcome, 'threw')
    assert.match(threw.fault, /^RangeError: out of bread\n {4}at .*inspector\.spec/)
    client.send('return')
    const malformed = Object((await until(events, invoked('MESSAGE'))).invocation)
    assert.is(malformed.returned, '{ statusCode: 200, loaf: 1 }')
    assert.is((await follow(gateway).next()).value?.total.failed, 2)
  })
})

test('a refusal is no failure, and an internal error of an application is one', () => {
  const app = ws({ warn: () => {} })
    .onConnect(() => accept())
    .onError(() => {})
    .on('fail', () => {
      throw new TypeError('no such loaf')
    })
    .build()
  return withInspector(app, async (gateway) => {
    const events = follow(gateway)
    await events.next()
    const client = await connect(gateway.url)
    client.send({ action: 'unknown', id: '1' })
    const refused = Object((await until(events, invoked('MESSAGE'))).invocation)
    assert.is(refused.code, 'UNIMPLEMENTED')
    assert.is(refused.isFailed, undefined)
    client.send({ action: 'fail', id: '2' })
    const failed = Object((await until(events, invoked('MESSAGE'))).invocation)
    assert.is(failed.isFailed, true)
    assert.match(failed.fault, 'TypeError: no such loaf')
  })
})

/** A gateway that only says what it is told to say. */
const told = async (check: (gateway: Inspected, feed: ReturnType<typeof makeFeed>) => Promise<void>) => {
  const feed = makeFeed()
  let plan = {} as Inside['plan']
  const { createServer } = await import('node:http')
  const inside = () => ({ plan }) as Inside
  const look = inspector({ feed, inside, connections: new Map(), url: 'ws://127.0.0.1:1/dev' })
  const server = createServer((request, response) => void look.handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = Object(server.address())
  try {
    const gateway = { port, url: '', origin: `http://127.0.0.1:${port}`, replace: () => (plan = { ...plan }), look }
    await check(gateway, feed)
  } finally {
    look.close()
    server.closeAllConnections()
    server.close()
  }
}

const sent = (text: string) => ({ kind: 'sent', at: 1, connectionId: 'AAAAAAAAAAAAAAA=', text, by: 'post' }) as const

test('of a payload above 8 KB the beginning is shown, and its size', () =>
  told(async (gateway, feed) => {
    const events = follow(gateway)
    await events.next()
    const text = `x${'é'.repeat(4_096)}`
    feed.tell(() => sent(text))
    const cut = await until(events, ({ kind }) => kind === 'sent')
    assert.is(cut.bytes, 8_193)
    // Not in the middle of a character.
    assert.is(cut.text, text.slice(0, -1))
    feed.tell(() => sent('x'.repeat(8_192)))
    const whole = await until(events, ({ kind }) => kind === 'sent')
    assert.is(whole.bytes, undefined)
    assert.is(String(whole.text).length, 8_192)
  }))

test('of the past there are the last 1,000 events, and of large ones as many as two megabytes hold', () =>
  told(async (gateway, feed) => {
    for (let count = 1; count <= 1_500; count++) feed.tell(() => sent(String(count)))
    const small = (await follow(gateway).next()).value
    assert.is(small?.events.length, 1_000)
    assert.is(small?.events[0].text, '501')
    assert.is(small?.events.at(-1).text, '1500')
    for (let count = 1; count <= 1_500; count++) feed.tell(() => sent('x'.repeat(8_000)))
    const large = (await follow(gateway).next()).value
    assert.ok(large?.events.length > 250 && large?.events.length < 263, String(large?.events.length))
    assert.is(large?.total.sent, 3_000)
  }))

test('a reader that does not read is dropped, and what waits for it is let go', () =>
  told(async ({ port }, feed) => {
    const socket = dial(port, '127.0.0.1')
    const first = new Promise((resolve) => socket.once('data', resolve))
    socket.write('GET /@inspector/feed HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await first
    socket.pause()
    const told = 8_000 * 5_000
    for (let count = 0; count < 5_000; count++) feed.tell(() => sent('x'.repeat(8_000)))
    let bytes = 0
    const ended = new Promise<void>((resolve) => {
      socket.on('close', resolve)
      socket.on('data', ({ length }) => {
        bytes += length
        if (bytes >= told) resolve()
      })
    })
    socket.resume()
    await ended
    socket.destroy()
    assert.ok(bytes < told / 2, `${bytes} of ${told} bytes`)
  }))

test('a reader is told that other code runs now', () =>
  told(async (gateway, feed) => {
    const events = follow(gateway)
    await events.next()
    feed.tell(() => sent('before'))
    assert.is((await until(events, () => true)).name, 'seen')
    Object(gateway).replace()
    feed.tell(() => sent('after'))
    await until(events, ({ name }) => name === 'application')
  }))

test('close() ends the feed', () =>
  told(async (gateway) => {
    const events = follow(gateway)
    await events.next()
    Object(gateway).look.close()
    assert.is((await events.next()).done, true)
  }))

test.run()
