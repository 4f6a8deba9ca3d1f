import { element, find } from '../elements.ts'

// What the page looks like, drawn anew with each change. It knows nothing of servers.

export interface View {
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed'
  readonly name: string
  /** It was connected before. */
  readonly isAgain: boolean
  readonly steps: readonly string[]
  readonly step: string | undefined
  readonly allowed: readonly string[]
  /** What the button says that sends what is refused, and whether it can. */
  readonly early: string
  readonly isEarly: boolean
  readonly trouble: Trouble | undefined
  readonly rooms: readonly string[]
  readonly room: string
  readonly open: (room: string) => void
  readonly present: readonly string[]
  readonly said: readonly Said[]
  /** What stands where nothing was said. */
  readonly hint: string
}

export interface Trouble {
  readonly code: string
  readonly message: string
}

export type Said = { readonly notice: string } | { readonly from: string; readonly text: string }

export const draw = (view: View) => {
  drawForms(view)
  drawProtocol(view)
  drawTalk(view)
}

const drawForms = ({ state, name, isAgain, step, room, allowed }: View) => {
  const status = find('status')
  status.textContent = STATUS[state] + (state === 'open' ? name : '')
  status.toggleAttribute('data-open', state === 'open')
  // Whoever types goes on typing while the next connection is made: what is sent meanwhile waits for it.
  if (state === 'waiting') return
  offer('connect', state === 'closed')
  offer('auth', step === 'anonymous')
  offer('join', allowed.includes('join'))
  offer('send', allowed.includes('send') && room !== '')
  if (isAgain) find('connect').querySelector('button')?.replaceChildren('Reconnect')
}

const STATUS = {
  connecting: 'Connecting',
  open: 'Connected as ',
  waiting: 'Connecting again',
  closed: 'Not connected',
} as const

const offer = (form: string, isOffered: boolean) => {
  if (find(form).hidden !== isOffered) return
  find(form).hidden = !isOffered
  if (isOffered) focusOn(form)
}

const drawProtocol = ({ steps, step, allowed, early, isEarly, trouble }: View) => {
  const items = steps.map((one) => element('li', one))
  items[step === undefined ? -1 : steps.indexOf(step)]?.setAttribute('aria-current', 'step')
  find('steps').replaceChildren(...items)
  find('allowed').replaceChildren(
    ...(allowed.length > 0 ? allowed.map((one) => element('code', one)) : [element('span', 'nothing')]),
  )
  find('early').textContent = early
  find('early').toggleAttribute('disabled', !isEarly)
  find('refusal').hidden = !trouble
  if (trouble) find('refusal').replaceChildren(element('b', trouble.code), trouble.message)
}

const drawTalk = ({ name, rooms, room, open, present, said, hint }: View) => {
  find('rooms').hidden = rooms.length === 0
  find('rooms').replaceChildren(
    ...rooms.map((one) => {
      const tab = element('button', `# ${one}`)
      tab.type = 'button'
      tab.ariaPressed = `${one === room}`
      tab.onclick = () => open(one)
      return tab
    }),
  )
  find('present').hidden = present.length === 0
  find('present').replaceChildren(...present.map((one) => element('li', one)))
  const items = said.map((one) => {
    if ('notice' in one) return element('li', one.notice, 'notice')
    const item = element('li', one.text, one.from === name ? 'mine' : '')
    item.prepend(element('b', one.from))
    return item
  })
  const messages = find('messages')
  messages.replaceChildren(...(items.length > 0 ? items : [element('li', hint, 'empty')]))
  messages.scrollTop = messages.scrollHeight
}

const inputOf = (form: string) => find(form).querySelector('input')

export const focusOn = (form: string) => inputOf(form)?.focus()

export const fill = (form: string, text: string) => {
  const input = inputOf(form)
  if (input) input.value = text
}
