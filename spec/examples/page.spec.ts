import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BrowserContext, Page } from 'playwright-core'
import { suite } from 'uvu'
import { equal, is, match } from 'uvu/assert'
import { localGateway } from 'ws-interlock/local'
import { handler as auction, hammer } from '../../examples/auction/server.ts'
import { handler as chat } from '../../examples/chat/server.ts'
import { buildPage } from '../../examples/page.ts'
import { withBrowser } from '../kit/browser.ts'
import { needs } from '../kit/needs.ts'

const test = suite('examples in a browser')
const inBrowser = needs(test, 'chromium')

interface Gate {
  /** The connections that were let in. */
  readonly ids: readonly string[]
  /** Close the gateway, and have another one in its place after that. */
  readonly cutOff: (meanwhile: () => Promise<void>) => Promise<void>
}

const withPage = async (
  name: string,
  check: (browser: BrowserContext, page: string, gate: Gate) => Promise<void>,
  built?: string,
) => {
  const page = built ?? (await buildPage(`examples/${name}`)) ?? `examples/${name}/index.html`
  const ids: string[] = []
  const open = (port = 0) =>
    localGateway(name === 'chat' ? chat : auction, {
      page,
      port,
      observe: ({ eventType, connectionId }) => eventType === 'CONNECT' && ids.push(connectionId),
    })
  let gateway = await open()
  const cutOff = async (meanwhile: () => Promise<void>) => {
    await gateway.close()
    await meanwhile()
    gateway = await open(gateway.port)
  }
  try {
    await withBrowser((browser) => check(browser, new URL('/', gateway.endpoint).href, { ids, cutOff }))
  } finally {
    await gateway.close()
  }
}

const press = (tab: Page, name: string) => tab.getByRole('button', { name, exact: true }).click()

const visit = async (browser: BrowserContext, page: string) => {
  const tab = await browser.newPage()
  const complaints: string[] = []
  tab.on('pageerror', ({ message }) => complaints.push(message))
  tab.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  await tab.goto(page)
  return { tab, complaints }
}

const open = async (browser: BrowserContext, page: string, name: string) => {
  const { tab, complaints } = await visit(browser, page)
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

const joinRoom = async (tab: Page, room: string) => {
  await tab.getByLabel('Room', { exact: true }).fill(room)
  await press(tab, 'Join')
  await tab.getByRole('button', { name: `# ${room}`, exact: true, pressed: true }).waitFor()
}

const say = async (tab: Page, text: string) => {
  await tab.getByLabel('Message', { exact: true }).fill(text)
  await press(tab, 'Send')
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
      await say(tab, text)
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

inBrowser('who sends join before auth reads the sentence and what is allowed, and so does who has a wrong token', () =>
  withPage('chat', async (browser, page) => {
    const { tab } = await open(browser, page, 'ann')
    await press(tab, 'Send join before auth')
    const sentence = tab.getByRole('alert')
    await sentence.getByText("'join' is not allowed in 'anonymous'. Allowed: auth.").waitFor()
    is(await tab.locator('#allowed').textContent(), 'auth')
    await tab.getByLabel('Token').fill('please')
    await press(tab, 'Authenticate')
    await sentence.getByText("That token is not known. In this example it is 'let-me-in'.").waitFor()
    is(await tab.locator('[aria-current=step]').textContent(), 'anonymous')
    await tab.getByLabel('Token').fill('let-me-in')
    await enter(tab)
    is(await sentence.isVisible(), false)
    is(await tab.locator('[aria-current=step]').textContent(), 'joined')
  }),
)

inBrowser('who is cut off reads it, is connected again by itself, as who they were and where, and talks on', () =>
  withPage('chat', async (browser, page, { cutOff }) => {
    const ann = await open(browser, page, 'ann')
    const bob = await open(browser, page, 'bob')
    for (const { tab } of [ann, bob]) await enter(tab)
    await joinRoom(ann.tab, 'tea')
    await cutOff(async () => {
      for (const { tab } of [ann, bob]) {
        await tab.getByText('Connecting again').waitFor()
        await tab.getByRole('alert').getByText('The connection is gone.').waitFor()
      }
      await say(ann.tab, 'Can you hear me?')
    })
    for (const { tab } of [ann, bob]) {
      await tab.getByText('Connected as').waitFor()
      is(await tab.getByRole('alert').isVisible(), false)
      is(await tab.locator('[aria-current=step]').textContent(), 'joined')
    }
    // What was typed meanwhile has been sent once she was in the room again.
    await said(ann.tab, 'Can you hear me?')
    await press(ann.tab, '# lobby')
    await say(ann.tab, 'Are you still there?')
    await said(bob.tab, 'Are you still there?')
    await joinRoom(bob.tab, 'tea')
    await say(bob.tab, 'I am')
    await press(ann.tab, '# tea')
    await said(ann.tab, 'I am')
    // What Chromium says of a socket that is lost, or cannot be opened yet, is the only complaint.
    equal(
      [...ann.complaints, ...bob.complaints].filter((text) => !text.startsWith('WebSocket connection to')),
      [],
    )
  }),
)

inBrowser('who is told goodbye reads why, and starts anew', () =>
  withPage('chat', async (browser, page, { ids }) => {
    const { tab, complaints } = await open(browser, page, 'ann')
    await enter(tab)
    await chat.server.connection(ids[0] ?? '').close('The shop closes.')
    await tab.getByRole('alert').getByText('The shop closes.').waitFor()
    await press(tab, 'Reconnect')
    await tab.getByText('Connected as ann').waitFor()
    is(await tab.getByRole('alert').isVisible(), false)
    is(await tab.locator('[aria-current=step]').textContent(), 'anonymous')
    await enter(tab)
    equal(complaints, [])
  }),
)

inBrowser('a page that nobody has built says who builds it', () =>
  withPage(
    'chat',
    async (browser, page) => {
      const { tab, complaints } = await visit(browser, page)
      await tab.getByText('This page is built by npm start').waitFor()
      is(await tab.getByRole('button', { name: 'Connect' }).isVisible(), false)
      equal(complaints, [])
    },
    'examples/chat/index.html',
  ),
)

inBrowser('a page that cannot be built says why, and so does the terminal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ws-interlock-page-'))
  try {
    await cp('examples/chat/index.html', join(folder, 'index.html'))
    await writeFile(
      join(folder, 'page.ts'),
      "import { chat } from './nowhere.ts'\nconsole.log('<!--</script>', chat)\n",
    )
    const lines: string[] = []
    const build = () => buildPage(folder, { log: (line) => lines.push(line) })
    const built = await build()
    await withPage(
      'chat',
      async (browser, page) => {
        const { tab, complaints } = await visit(browser, page)
        await tab.getByText('Could not resolve "./nowhere.ts"').waitFor()
        is(lines.length, 1)
        match(lines[0] ?? '', /cannot be built: Could not resolve "\.\/nowhere\.ts" \(.*page\.ts, line 1\)\.$/)
        await writeFile(join(folder, 'nowhere.ts'), "export const chat = '<script>'\n")
        await build()
        const said: string[] = []
        tab.on('console', (message) => said.push(message.text()))
        await tab.reload()
        equal([said, lines.length, complaints], [['<!--</script> <script>'], 1, []])
      },
      built,
    )
    await rm(built ?? '')
  } finally {
    await rm(folder, { recursive: true })
  }
})

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
