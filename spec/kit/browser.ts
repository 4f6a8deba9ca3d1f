import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

type Look = Pick<NonNullable<Parameters<typeof chromium.launchPersistentContext>[1]>, 'colorScheme' | 'viewport'>

/** Run `check` in a browser of its own, without a past and without a word to anybody else. */
export const withBrowser = async (check: (browser: BrowserContext) => Promise<void>, look: Look = {}) => {
  const profile = await mkdtemp(join(tmpdir(), 'ws-interlock-browser-'))
  try {
    const browser = await chromium.launchPersistentContext(profile, {
      ...look,
      executablePath: '/usr/bin/chromium',
      args: FLAGS,
      timeout: 30_000,
    })
    browser.setDefaultTimeout(10_000)
    try {
      await check(browser)
    } finally {
      await browser.close()
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
