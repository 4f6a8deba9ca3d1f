import { resolve } from 'node:path'
import { build } from 'esbuild'
import { suite } from 'uvu'
import { equal } from 'uvu/assert'
import type * as Theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { withBrowser } from '../kit/browser.ts'
import { needs } from '../kit/needs.ts'
import { DICTIONARY, noise } from './kit.ts'

const test = suite('codecs in a browser')
const inBrowser = needs(test, 'chromium')

/** The client's codecs as a bundler makes them for a page, under a global name. It fails on what a page does not have. */
const bundled = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, '../../lib/client/codec/index.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    globalName: 'codecs',
    platform: 'browser',
    conditions: ['ws-interlock:source'],
  })
  return outputFiles.map(({ text }) => text).join('')
}

test("a bundle of the client's codecs for a page needs nothing of Node, nor of the server", async () => {
  const code = await bundled()
  equal(code.match(/node:\w+|process\.|\bBuffer\b|getBuiltinModule/g), null)
})

inBrowser('a page reads what the server made smaller, with a dictionary and without, and refuses what is bad', () =>
  withBrowser(async (browser) => {
    const page = await browser.newPage()
    await page.addScriptTag({ content: await bundled() })
    const data = { text: noise(3_000), file: Uint8Array.of(0, 255, 7) }
    const [plain, by] = [
      ours.deflate(ours.binary()),
      ours.deflate(ours.binary(), { threshold: 32, dictionary: DICTIONARY }),
    ]
    const small = by.push('said', { room: 'lobby' })
    const good = plain.push('said', 'hello '.repeat(1_000))
    const { z, n } = JSON.parse(good)
    const bad = [
      { z: z.slice(0, -4), n },
      { z, n: n - 1 },
      { z, n: n + 1 },
      { z: `${z}AAAA`, n },
      { z: 'é', n },
    ]
    const given = {
      dictionary: DICTIONARY,
      good: [plain.push('said', data), by.push('said', data), small],
      bad: bad.map((frame) => JSON.stringify(frame)),
    }
    const seen = await page.evaluate(async ({ dictionary, good, bad }) => {
      const { deflate, binary } = (globalThis as unknown as { codecs: typeof Theirs }).codecs
      const codec = deflate(binary(), { dictionary })
      const sent = await codec.write({ action: 'echo', id: '1', data: { file: new Uint8Array(5_000) } })
      const read = await Promise.all(good.map(async (text) => JSON.stringify(await codec.read(text))))
      const refused = await Promise.all(
        bad.map(async (text) => String(await Promise.resolve(codec.read(text)).catch(String))),
      )
      return { sent: String(sent), read, refused, subprotocol: codec.subprotocol }
    }, given)
    const pushed = JSON.stringify({ event: 'said', data })
    equal(seen.read, [pushed, pushed, '{"event":"said","data":{"room":"lobby"}}'])
    equal(
      seen.refused.map((said) => said.startsWith('Error: A frame came that cannot be read.')),
      bad.map(() => true),
    )
    equal(seen.subprotocol, `ws-interlock.binary.deflate~${String(by.subprotocol).slice(-8)}`)
    const opened = await by.open?.(seen.sent, { connectionId: 'a', now: 0, blobs: undefined })
    equal(by.read(JSON.parse(opened ?? '')).data, { file: new Uint8Array(5_000) })
  }),
)

test.run()
