import type { BrowserContext, Page } from 'playwright-core'
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { localGateway } from 'ws-interlock/local'
import { handler as auction, hammer } from '../../examples/auction/server.ts'
import { handler as chat } from '../../examples/chat/server.ts'
import { withBrowser } from '../kit/browser.ts'
import { needs } from '../kit/needs.ts'

const test = suite('examples in a browser')
const inBrowser = needs(test, 'chromium')

const withPage = async (name: string, check: (browser: BrowserContext, page: string) => Promise<void>) => {
  const gateway = await localGateway(name === 'chat' ? chat : auction, { page: `examples/${name}/index.html` })
  try {
    await withBrowser((browser) => check(browser, new URL('/', gateway.endpoint).href))
  } finally {
    await gateway.close()
  }
}

const press = (tab: Page, name: string) => tab.getByRole('button', { name, exact: true }).click()

const open = async (browser: BrowserContext, page: string, name: string) => {
  const tab = await browser.newPage()
  const complaints: string[] = []
  tab.on('pageerror', ({ message }) => complaints.push(message))
  tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await tab.goto(page)
  await tab.getByLabel('Your name').fill(name)
  await press(tab, 'Connect')
  await tab.getByRole('button', { name: 'Connect', exact: true }).waitFor({ state: 'hidden' })
  return { tab, complaints }
}

const enter = async (tab: Page) => {
  await press(tab, 'Authenticate')
  await press(tab, 'Join')
  await tab.getByLabel('Message', { exact: true }).waitFor()
}

const said = (tab: Page, text: string) => tab.getByRole('log').getByText(text).waitFor()

inBrowser('two tabs chat, and text stays text', () =>
  withPage('chat', async (browser, page) => {
    const ann = await open(browser, page, 'ann')
    const bob = await open(browser, page, 'bob')
    for (const { tab } of [ann, bob]) await enter(tab)
    await said(ann.tab, 'bob joined')
    for (const [{ tab }, text] of [
      [ann, 'Hello Bob'],
      [bob, '<img src=x onerror=alert(1)>'],
    ] as const) {
      await tab.getByLabel('Message', { exact: true }).fill(text)
      await press(tab, 'Send')
      for (const other of [ann, bob]) await said(other.tab, text)
    }
    await bob.tab.close()
    await said(ann.tab, 'bob left')
    equal([...ann.complaints, ...bob.complaints], [])
  }),
)

inBrowser(
  'who is in a room is on the list of all who are there, once however many tabs it has, until the last has gone',
  () =>
    withPage('chat', async (browser, page) => {
      const ann = await open(browser, page, 'ann')
      await enter(ann.tab)
      const bob = await open(browser, page, 'bob')
      const again = await open(browser, page, 'bob')
      for (const { tab } of [bob, again]) await enter(tab)
      const present = (tab: Page, names: readonly string[]) =>
        tab
          .getByLabel('Present')
          .filter({ hasText: new RegExp(`^${names.join('\\s*')}$`) })
          .waitFor()
      for (const { tab } of [ann, bob, again]) await present(tab, ['ann', 'bob'])
      await bob.tab.close()
      await said(ann.tab, 'bob left')
      await present(ann.tab, ['ann', 'bob'])
      await again.tab.close()
      await present(ann.tab, ['ann'])
      equal([...ann.complaints, ...bob.complaints, ...again.complaints], [])
    }),
)

inBrowser('who sends join before auth reads the sentence and what is allowed', () =>
  withPage('chat', async (browser, page) => {
    const { tab } = await open(browser, page, 'ann')
    await press(tab, 'Send join before auth')
    const sentence = tab.getByRole('alert')
    await sentence.getByText("'join' is not allowed in 'anonymous'. Allowed: auth.").waitFor()
    is(await tab.locator('#allowed').textContent(), 'auth')
    await enter(tab)
    is(await sentence.isVisible(), false)
    is(await tab.locator('[aria-current=step]').textContent(), 'joined')
  }),
)

inBrowser('who is cut off reads it, connects again and starts anew', () =>
  withPage('chat', async (browser, page) => {
    const { tab } = await open(browser, page, 'ann')
    await enter(tab)
    await tab.evaluate('socket.close()')
    await tab.getByRole('alert').waitFor()
    await press(tab, 'Reconnect')
    await tab.getByText('Connected as ann').waitFor()
    is(await tab.locator('[aria-current=step]').textContent(), 'anonymous')
    await enter(tab)
  }),
)

inBrowser('two tabs bid until the hammer falls', () =>
  withPage('auction', async (browser, page) => {
    const ann = await open(browser, page, 'ann')
    const bob = await open(browser, page, 'bob')
    await press(ann.tab, 'Bid without an open lot')
    await ann.tab.getByRole('alert').getByText("'bid' is not allowed in 'watching'. Allowed: enter.").waitFor()
    for (const [{ tab }, amount] of [
      [ann, '100'],
      [bob, '200'],
    ] as const) {
      await tab.getByLabel('Lot').fill('mirror')
      await press(tab, 'Enter')
      await tab.getByLabel('Your bid').fill(amount)
      await press(tab, 'Bid')
      await tab.getByText('You lead').waitFor()
    }
    await ann.tab.getByText('bob leads').waitFor()
    await hammer('mirror')
    for (const { tab, complaints } of [ann, bob]) {
      await tab.getByText('Sold to bob').waitFor()
      equal(complaints, [])
    }
  }),
)

test.run()
