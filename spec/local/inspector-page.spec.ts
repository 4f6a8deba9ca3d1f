import type { Page } from 'playwright-core'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { handler as chat } from '../../examples/chat/server.ts'
import { type Inspected, pages, withInspector } from '../kit/inspected.ts'
import { connect, ok, on } from '../kit/local.ts'
import { needs } from '../kit/needs.ts'

const test = suite('inspector page')
const inBrowser = needs(test, 'chromium')
const withPage = pages(test)

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const state = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^${name}, `) })
const messages = (page: Page) => page.getByRole('log', { name: 'Messages' })
const exchange = (page: Page) => page.getByRole('log', { name: 'Exchange' })
const listed = (page: Page) => page.getByRole('listbox', { name: 'Open connections' }).getByRole('option')

const open = async (page: Page, query: string) => {
  await page.getByLabel('Query').fill(query)
  await press(page, 'Connect')
  await page.getByRole('option', { selected: true }).getByText(query).waitFor()
}

/** The frame that would be sent now. */
const frameOf = async (page: Page) => JSON.parse(await page.getByLabel('Frame').inputValue())

const lit = (page: Page) => page.locator('#diagram [aria-current=true] .name').allTextContents()

const inChat = (check: (page: Page, gateway: Inspected) => Promise<void>) => () =>
  withInspector(chat, (gateway) => withPage(gateway, (page) => check(page, gateway)))

inBrowser(
  'a form made from the schema sends, the reply stands below, and the state of the connection is lit',
  inChat(async (page) => {
    await open(page, 'name=ann')
    await state(page, 'anonymous').and(page.locator('[aria-current=true]')).waitFor()
    await page.getByLabel('token').fill('let-me-in')
    assert.equal(await frameOf(page), { action: 'auth', id: '1', data: { token: 'let-me-in' } })
    await press(page, 'Send')
    await exchange(page).getByText('{"action":"auth","id":"1"}').waitFor()
    await state(page, 'authenticated').and(page.locator('[aria-current=true]')).waitFor()
    await page.getByLabel('Route').selectOption('join')
    await page.getByLabel('room').fill('lobby')
    await press(page, 'Send')
    await exchange(page).getByText('{"action":"join","id":"2","data":{"present":[]}}').waitFor()
    await exchange(page).getByText('{"event":"joined","data":{"room":"lobby","name":"ann"}}').waitFor()
    await state(page, 'joined').and(page.locator('[aria-current=true]')).waitFor()
    assert.equal(await lit(page), ['joined'])
    await page.getByText('In joined with {"name":"ann","rooms":["lobby"]}').waitFor()
    await messages(page).getByText('authenticated → joined').waitFor()
  }),
)

inBrowser(
  'who sends join before auth reads the refusal, in the exchange and among the messages',
  inChat(async (page) => {
    await open(page, 'name=ann')
    await page.getByLabel('Route').selectOption('join')
    await page.getByLabel('room').fill('lobby')
    await press(page, 'Send')
    const sentence = "'join' is not allowed in 'anonymous'. Allowed: auth."
    await exchange(page).getByText(sentence).waitFor()
    await messages(page).getByText(sentence).first().waitFor()
    await messages(page).getByText('FAILED_PRECONDITION', { exact: true }).waitFor()
    await state(page, 'anonymous').and(page.locator('[aria-current=true]')).waitFor()
    assert.equal(await lit(page), ['anonymous'])
    assert.is(await page.getByRole('tab', { name: 'Errors' }).textContent(), 'Errors 0')
  }),
)

inBrowser(
  'a frame that is written by hand is sent as it is, and the form can have it back',
  inChat(async (page) => {
    await open(page, 'name=ann')
    await page.getByLabel('Frame').fill('no JSON at all')
    await page.getByText('Written by hand: the form no longer changes it.').waitFor()
    await page.getByLabel('Frame').press('Control+Enter')
    await exchange(page).getByText('INVALID_ARGUMENT').waitFor()
    await messages(page).getByText('no JSON at all').waitFor()
    await press(page, 'Back to the form')
    assert.is((await frameOf(page)).action, 'auth')
  }),
)

inBrowser(
  'a refused connection, a close with a code, and a disconnect by the server are seen',
  inChat(async (page) => {
    await press(page, 'Connect')
    await page.getByRole('alert').getByText('The connection was refused.').waitFor()
    await messages(page).getByText('$connect 401').waitFor()
    await open(page, 'name=ann')
    await page.getByLabel('Code').fill('3001')
    await press(page, 'Close')
    await messages(page).getByText('3001').first().waitFor()
    await page.getByText('No connection is open.').waitFor()
    await open(page, 'name=bob')
    await press(page, 'Disconnect')
    await exchange(page).getByText('Closed with 1000').first().waitFor()
    await page.getByText('is closed.').waitFor()
  }),
)

inBrowser('what a client sends is text, whatever it looks like', () =>
  withInspector(ok, (gateway) =>
    withPage(gateway, async (page) => {
      const evil = '<img src=x onerror="document.title=\'broken in\'">'
      const client = await connect(`${gateway.url}?${encodeURIComponent(evil)}`, [], {
        headers: { 'User-Agent': evil },
      })
      client.send(evil)
      client.send({ action: evil, event: evil })
      const row = messages(page).getByText(evil).first()
      await row.waitFor()
      await row.click()
      await page.locator('#log pre').getByText(evil).waitFor()
      await listed(page).first().click()
      await page.locator('#selected').getByText(evil).waitFor()
      assert.is(await page.locator('img').count(), 0)
      assert.is(await page.title(), 'ws-interlock inspector')
    }),
  ),
)

inBrowser('the page cannot run what is not its own file', () =>
  withInspector(ok, (gateway) =>
    withPage(gateway, async (page) => {
      const refused = await page.evaluate(() => {
        try {
          Reflect.set(Reflect.get(globalThis, 'document').body, 'innerHTML', '<b>in</b>')
          return 'it was taken'
        } catch (error) {
          return String(error)
        }
      })
      assert.match(refused, 'TrustedHTML')
    }).catch((error: Error) => assert.match(error.message, 'TrustedHTML')),
  ),
)

inBrowser('the errors of a handler are shown with stack, route and connection', () => {
  const handler = on({
    MESSAGE: (event) => {
      if ('body' in event && event.body === 'throw') throw new RangeError('out of bread')
      return 'no answer'
    },
  })
  return withInspector(handler, (gateway) =>
    withPage(gateway, async (page) => {
      const client = await connect(gateway.url)
      client.send('throw')
      client.send('return')
      await page.getByRole('tab', { name: 'Errors 2' }).click()
      const errors = page.getByRole('list', { name: 'Errors' }).getByRole('listitem')
      assert.is(await errors.count(), 2)
      const threw = errors.filter({ hasText: 'The handler threw' })
      assert.match(String(await threw.textContent()), /in \$default.*RangeError: out of bread\s+at /s)
      await errors.filter({ hasText: "It returned 'no answer'" }).waitFor()
      await threw.getByRole('button').click()
      await page.getByRole('option', { selected: true }).waitFor()
      assert.is(await page.locator('#count-failed').textContent(), '2')
      await page.getByText('This application has no protocol: each message is allowed at any time.').waitFor()
    }),
  )
})

const Everything = v.object({
  name: v.pipe(v.string(), v.minLength(1)),
  age: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(150))),
  price: v.optional(v.number(), 1.5),
  kind: v.picklist(['small', 'large']),
  fixed: v.literal('yes'),
  isNew: v.boolean(),
  isOld: v.optional(v.boolean()),
  tags: v.optional(v.array(v.string())),
  where: v.object({ city: v.string(), zip: v.optional(v.string()) }),
  extra: v.optional(v.object({ note: v.string() })),
  shape: v.variant('type', [
    v.object({ type: v.literal('circle'), radius: v.number() }),
    v.object({ type: v.literal('square'), side: v.number() }),
  ]),
  rest: v.optional(v.record(v.string(), v.number())),
})

inBrowser('a form has a field for each kind of value, and leaves out what is empty', () => {
  const given: unknown[] = []
  const app = ws()
    .onConnect(() => accept())
    .on('everything', Everything, ({ data }) => {
      given.push(data)
    })
    .build()
  return withInspector(app, (gateway) =>
    withPage(gateway, async (page) => {
      await open(page, 'form=1')
      assert.equal((await frameOf(page)).data, {
        name: '',
        price: 1.5,
        kind: 'small',
        fixed: 'yes',
        isNew: false,
        where: { city: '' },
        shape: { type: 'circle' },
      })
      const field = (label: string) => page.getByRole('form', { name: 'Message' }).getByLabel(label, { exact: true })
      await field('name').fill('loaf')
      await field('age').fill('3')
      await field('kind').selectOption('large')
      await field('isNew').check()
      await field('isOld').selectOption('false')
      await press(page, 'Add to tags')
      await press(page, 'Add to tags')
      await field('tags 1').fill('rye')
      await field('tags 2').fill('old')
      await press(page, 'Remove tags 1')
      await field('city').fill('Graz')
      await field('extra').check()
      await field('note').fill('warm')
      await field('shape: which').selectOption('square')
      await field('side').fill('2.5')
      await field('rest (JSON)').fill('{')
      await page.getByText("'rest' is not JSON yet.").waitFor()
      await field('rest (JSON)').fill('{"a":1}')
      await press(page, 'Send')
      await exchange(page).getByText('{"action":"everything","id":"1"}').waitFor()
      assert.equal(given, [
        {
          name: 'loaf',
          age: 3,
          price: 1.5,
          kind: 'large',
          fixed: 'yes',
          isNew: true,
          isOld: false,
          tags: ['old'],
          where: { city: 'Graz' },
          extra: { note: 'warm' },
          shape: { type: 'square', side: 2.5 },
          rest: { a: 1 },
        },
      ])
    }),
  )
})

inBrowser('nested states and regions are lit together', () => {
  const machine = createMachine({
    id: 'nested',
    initial: 'out',
    states: {
      out: { on: { enter: 'in' } },
      in: {
        type: 'parallel',
        states: {
          door: { initial: 'open', states: { open: { on: { shut: 'closed' } }, closed: {} } },
          light: { initial: 'off', states: { off: {}, on: {} } },
        },
      },
    },
  })
  const app = ws({ warn: () => {} })
    .store(memory())
    .protocol(machine)
    .onConnect(() => accept())
    .on('enter', v.undefined(), () => {})
    .on('shut', v.undefined(), () => {})
    .build()
  return withInspector(app, (gateway) =>
    withPage(gateway, async (page) => {
      await open(page, 'x=1')
      await press(page, 'Send')
      await state(page, 'in.door.open').and(page.locator('[aria-current=true]')).waitFor()
      assert.equal((await lit(page)).sort(), ['door', 'in', 'light', 'off', 'open'])
      await page.getByLabel('Route').selectOption('shut')
      await press(page, 'Send')
      await messages(page).getByText('in.door.open, in.light.off → in.door.closed, in.light.off').waitFor()
      assert.is(await state(page, 'in.door.closed').getAttribute('aria-label'), 'in.door.closed, 1 connection')
    }),
  )
})

inBrowser(
  'with 500 connections all are listed and counted by state, and one is found, selected and spoken to',
  inChat(async (page, gateway) => {
    const clients = await Promise.all(Array.from({ length: 500 }, (_, at) => connect(`${gateway.url}?name=n${at}`)))
    await page.locator('#connections-count').getByText('500', { exact: true }).waitFor()
    assert.is(await listed(page).count(), 500)
    const half = clients.filter((_, at) => at % 2 === 0)
    for (const client of half) client.send({ action: 'auth', id: '1', data: { token: 'let-me-in' } })
    await Promise.all(half.map((client) => client.next()))
    await page.getByRole('button', { name: 'authenticated, 250 connections' }).waitFor()
    await page.getByRole('button', { name: 'anonymous, 250 connections' }).waitFor()
    assert.is(await page.locator('#count-received').textContent(), '250')
    await page.getByLabel('Filter connections').fill('name=n432')
    await page.locator('#connections-count').getByText('1 of 500').waitFor()
    await listed(page).click()
    await state(page, 'authenticated').and(page.locator('[aria-current=true]')).waitFor()
    await page.getByLabel('Selected only').check()
    await messages(page).getByText('?name=n433', { exact: true }).waitFor({ state: 'detached' })
    await messages(page).getByText('anonymous → authenticated').waitFor()
    assert.is(await messages(page).getByText('?name=').count(), 1)
    // Of more than a thousand rows the last thousand are kept.
    await page.getByLabel('Selected only').uncheck()
    for (const client of half) client.send({ action: 'auth', id: '2' })
    await Promise.all(half.map((client) => client.next()))
    await page.locator('#count-received').getByText('500', { exact: true }).waitFor()
    await page.locator('#count-sent').getByText('500', { exact: true }).waitFor()
    assert.is(await messages(page).getByRole('listitem').count(), 1_000)
    for (const { socket } of clients) socket.terminate()
    await page.getByText('No connection is open.').waitFor()
  }),
)

inBrowser(
  'a click on a state shows who is in it, and the arrow keys walk through them',
  inChat(async (page, gateway) => {
    for (const name of ['ann', 'bob', 'cid']) await connect(`${gateway.url}?name=${name}`)
    const dee = await connect(`${gateway.url}?name=dee`)
    dee.send({ action: 'auth', id: '1', data: { token: 'let-me-in' } })
    await dee.next()
    await state(page, 'anonymous').and(page.getByLabel('3 connections')).press('Enter')
    await page.locator('#connections-count').getByText('3 of 4').waitFor()
    await page.getByRole('listbox', { name: 'Open connections' }).focus()
    const selected = page.getByRole('option', { selected: true })
    for (const [key, name] of [
      ['ArrowDown', 'cid'],
      ['ArrowDown', 'bob'],
      ['End', 'ann'],
      ['ArrowUp', 'bob'],
      ['Home', 'cid'],
    ] as const) {
      await page.keyboard.press(key)
      await selected.getByText(`?name=${name}`).waitFor()
    }
    await page.getByRole('tab', { name: 'Messages' }).focus()
    await page.keyboard.press('ArrowRight')
    await page.getByText('No handler has thrown').waitFor()
  }),
)

inBrowser(
  'a paused log stands still and says what it missed; a filter and a clear leave the rest alone',
  inChat(async (page, gateway) => {
    await press(page, 'Pause')
    const client = await connect(`${gateway.url}?name=ann`)
    client.send({ action: 'nonsense', id: '1' })
    await client.next()
    await page.getByRole('button', { name: 'Resume (3)' }).waitFor()
    assert.is(await messages(page).getByRole('listitem').count(), 0)
    await press(page, 'Resume (3)')
    await messages(page).getByText('nonsense').first().waitFor()
    await page.getByLabel('Filter messages').fill('connected')
    await messages(page).getByText('UNIMPLEMENTED').first().waitFor({ state: 'detached' })
    assert.is(await messages(page).getByRole('listitem').count(), 1)
    await press(page, 'Clear')
    await page.getByText('Nothing has happened yet.').waitFor()
    assert.is(await listed(page).count(), 1)
  }),
)

for (const colorScheme of ['light', 'dark'] as const)
  inBrowser(`text stands out from its ground in ${colorScheme} mode`, () =>
    withInspector(chat, (gateway) =>
      withPage(
        gateway,
        async (page) => {
          await open(page, 'name=ann')
          const luminance = (colour: string) => {
            const [r = 0, g = 0, b = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => Number(part) / 255)
            const linear = (part: number) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
            return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
          }
          const colour = (selector: string, property: string) =>
            page
              .locator(selector)
              .first()
              .evaluate((element, name) => Reflect.get(globalThis, 'getComputedStyle')(element)[name], property)
          const ground = luminance(await colour('section', 'backgroundColor'))
          assert.is(ground < 0.5, colorScheme === 'dark')
          for (const [selector, property] of [
            ['h2', 'color'],
            ['.note', 'color'],
            ['#log .text', 'color'],
            ['#diagram .name', 'fill'],
            ['#diagram .label', 'fill'],
          ] as const) {
            const text = luminance(await colour(selector, property))
            const contrast = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05)
            assert.ok(contrast >= 4.5, `${selector}: ${contrast}`)
          }
        },
        { colorScheme },
      ),
    ),
  )

inBrowser('a narrow window shows everything and is scrolled downward only', () =>
  withInspector(chat, (gateway) =>
    withPage(
      gateway,
      async (page) => {
        await open(page, 'name=ann')
        const width = await page.evaluate(() => Reflect.get(globalThis, 'document').documentElement.scrollWidth)
        assert.is(width, 800)
        for (const name of ['Connections', 'Protocol', 'Activity', 'Console'])
          assert.ok((await page.getByRole('region', { name }).boundingBox())?.height, name)
      },
      { size: { width: 800, height: 900 } },
    ),
  ),
)

test.run()
