import type { Page } from 'playwright-core'
import { suite } from 'uvu'
import { equal, is, ok } from 'uvu/assert'
import { localGateway } from 'ws-interlock/local'
import { buildPage } from '../../examples/page.ts'
import { pace } from '../../examples/report/books.ts'
import { handler } from '../../examples/report/server.ts'
import { withBrowser } from '../kit/browser.ts'
import { needs } from '../kit/needs.ts'
import { latch } from '../kit/wire.ts'

const test = suite('examples/report in a browser')
const inBrowser = needs(test, 'chromium')

/** The page, and what it complains of. */
const withPage = async (check: (tab: Page) => Promise<void>) => {
  const gateway = await localGateway(handler, { page: (await buildPage('examples/report')) ?? '' })
  try {
    await withBrowser(async (browser) => {
      const tab = await browser.newPage()
      const complaints: string[] = []
      tab.on('pageerror', ({ message }) => complaints.push(message))
      tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
      await tab.goto(new URL('/', gateway.endpoint).href)
      await tab.getByText('Connected', { exact: true }).waitFor()
      await check(tab)
      equal(complaints, [])
    })
  } finally {
    await gateway.close()
  }
}

const ask = async (tab: Page, year: string, months: string) => {
  await tab.getByLabel('Year').selectOption(year)
  await tab.getByLabel('Months', { exact: true }).fill(months)
  await press(tab, 'Make report')
}
const press = (tab: Page, name: string) => tab.getByRole('button', { name, exact: true }).click()
const alert = (tab: Page, text: string) => tab.getByRole('alert').getByText(text).waitFor()
const noted = (tab: Page, month: string) => tab.getByRole('status').getByText(`Adding up ${month}`).waitFor()
const barOf = (tab: Page) => tab.getByRole('progressbar').evaluate((bar) => Number((bar as { value?: unknown }).value))
const stateOf = (tab: Page, state: string) => tab.locator('[aria-current=step]').getByText(state).waitFor()

// In one browser, because most of the time is that of its start.
inBrowser('the bar of a report moves; Cancel ends it, a reload does not, and at its end there is a table', () =>
  withPage(async (tab) => {
    await ask(tab, '2025', '12')
    await noted(tab, 'January')
    const before = await barOf(tab)
    await stateOf(tab, 'reporting')
    await press(tab, 'Ask for a second report')
    await alert(tab, "'report' is not allowed in 'reporting'. Allowed: nothing.")
    await noted(tab, 'February')
    const after = await barOf(tab)
    ok(before < after && after < 1, `from ${before} to ${after}`)
    await press(tab, 'Cancel')
    await alert(tab, "The task 'report' was cancelled.")
    is(await tab.getByRole('progressbar').isVisible(), false)
    await stateOf(tab, 'idle')

    const door = latch()
    const { rest } = pace
    let weeks = 0
    pace.rest = () => (weeks++ < 6 ? Promise.resolve() : door.passed)
    await ask(tab, '2024', '3')
    await noted(tab, 'February')
    await tab.reload()
    // As far as the worker has written it down, which it does once a second.
    await tab.getByRole('status').getByText('Adding up').waitFor()
    is(await tab.getByRole('progressbar').isVisible(), true)
    door.open()
    pace.rest = rest
    await tab.getByRole('heading', { name: '2024, 3 months' }).waitFor()
    equal(await tab.getByRole('rowheader').allTextContents(), [...['January', 'February', 'March'], 'Total'])
    is(await tab.getByRole('progressbar').isVisible(), false)
    // Its end is known: it is not looked for again.
    is(await tab.evaluate(() => (globalThis as { sessionStorage?: { length: number } }).sessionStorage?.length), 0)
    await ask(tab, '2022', '1')
    await alert(tab, 'There are no books of 2022.')
  }),
)

test.run()
