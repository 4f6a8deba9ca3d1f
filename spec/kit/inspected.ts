import type { BrowserContext, Page } from 'playwright-core'
import { type LambdaHandler, type LocalOptions, localGateway } from 'ws-interlock/local'
import { withBrowser } from './browser.ts'
import { signal } from './local.ts'

/** A gateway on a free port that is looked into, until `check` is done. */
export const withInspector = async (
  handler: LambdaHandler<never, never>,
  check: (gateway: Inspected) => Promise<void>,
  options: LocalOptions = {},
) => {
  const { url, port, close } = await localGateway(handler, { inspector: true, ...options })
  try {
    await check({ url, origin: `http://127.0.0.1:${port}`, port })
  } finally {
    await close()
  }
}

export interface Inspected {
  readonly url: string
  /** Where the page is. */
  readonly origin: string
  readonly port: number
}

/** One browser for a suite, with a tab for each look at the page. What a page complains of is an error of the spec. */
export const pages = (test: { after: (hook: () => Promise<void>) => void }) => {
  let opened: Promise<BrowserContext> | undefined
  let closed: Promise<void> | undefined
  const done = signal()
  const open = () =>
    new Promise<BrowserContext>((resolve, reject) => {
      closed = withBrowser((browser) => {
        resolve(browser)
        return done.promise
      })
      closed.catch(reject)
    })
  test.after(async () => {
    done.resolve()
    await closed
  })

  return async ({ origin }: Inspected, check: (page: Page) => Promise<void>, look: Look = {}) => {
    opened ??= open()
    const page = await (await opened).newPage()
    const complaints: string[] = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      // A refused handshake is the browser's own complaint, and nobody can keep it from it.
      if (message.type() === 'error' && !message.text().startsWith('WebSocket connection to'))
        complaints.push(message.text())
    })
    try {
      await page.setViewportSize({ width: 1280, height: 800, ...look.size })
      await page.emulateMedia({ colorScheme: look.colorScheme ?? 'light' })
      await page.goto(origin)
      await page.getByText('live', { exact: true }).waitFor()
      await check(page)
    } finally {
      await page.close()
    }
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  }
}

interface Look {
  readonly size?: { readonly width: number; readonly height: number }
  readonly colorScheme?: 'light' | 'dark'
}
