import { byId, el, parsed, pretty } from './dom.js'
import { formOf } from './form.js'

/** Connections of the page's own: to open them, to send on them what a form makes, and to see what comes back. */
export const showConsole = (model, own, { path, routes, isKnown }) => {
  const choice = byId('own')
  const route = byId('route')
  const frame = byId('frame')
  const note = byId('frame-note')
  const refused = byId('open-refused')
  const sockets = new Map()
  let form
  let isByHand = false
  let count = 0

  const heard = (one, { text, closed }) => {
    if (closed === undefined) return exchange.heard(one, text)
    exchange.note(closed)
    sockets.delete(one.number)
    refresh()
  }
  const refresh = () => {
    const before = choice.value
    choice.replaceChildren(
      ...[...sockets].map(([number, one]) =>
        el('option', { value: number }, one.connectionId ?? `${number}: ${one.query || 'new'}`),
      ),
    )
    if (sockets.has(Number(before))) choice.value = before
    byId('speak').hidden = sockets.size === 0 && byId('exchange').childElementCount === 0
    for (const id of ['send', 'close']) byId(id).disabled = sockets.size === 0
  }
  const current = () => sockets.get(Number(choice.value))

  byId('open').addEventListener('submit', async (event) => {
    event.preventDefault()
    refused.hidden = true
    const names = byId('open-protocols')
      .value.split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    try {
      const one = await own.open(path, byId('open-query').value.trim(), names, heard)
      one.number = ++count
      sockets.set(count, one)
      refresh()
      choice.value = String(count)
      if (one.connectionId !== undefined) model.select(one.connectionId)
      else one.isToSelect = true
    } catch (error) {
      refused.textContent = error.message
      refused.hidden = false
    }
  })
  own.listen((connectionId) => {
    refresh()
    const one = [...sockets.values()].find((each) => each.connectionId === connectionId)
    if (one?.isToSelect) model.select(connectionId)
  })
  choice.addEventListener('change', () => model.select(current()?.connectionId))
  byId('close').addEventListener('click', () => {
    try {
      current()?.socket.close(Number(byId('close-code').value))
    } catch {
      exchange.note('A browser closes with 1000, or with 3000 to 4999.')
    }
  })

  /** What the form makes, unless somebody has written the frame by hand. */
  const compose = () => {
    if (isByHand) return
    try {
      const data = form?.read()
      const action = route.value || undefined
      write({ action, id: String(exchange.nextId()), data })
      note.textContent = ''
    } catch (error) {
      note.textContent = error.message
    }
  }
  const write = (message) => {
    frame.value = brief(JSON.stringify(message))
    frame.rows = Math.max(MIN_LINES, Math.min(MAX_LINES, frame.value.split('\n').length))
  }
  const byHand = (is) => {
    isByHand = is
    byId('frame-reset').hidden = !is || routes.length === 0
    note.textContent = is && routes.length > 0 ? 'Written by hand: the form no longer changes it.' : ''
  }
  const choose = () => {
    const { schema, hasSchema } = routes.find(({ name }) => name === route.value) ?? {}
    form = hasSchema === false ? undefined : formOf(schema)
    byId('fields').replaceChildren(...(form ? [form.element] : []))
    byHand(false)
    compose()
  }
  route.append(...routes.map(({ name }) => el('option', { value: name }, name)))
  byId('route-label').hidden = routes.length === 0
  route.addEventListener('change', choose)
  const recompose = () => {
    byHand(false)
    compose()
  }
  // After the form has taken notice of it: a removed item is told of before it is gone.
  byId('fields').addEventListener('input', () => queueMicrotask(recompose))
  byId('fields').addEventListener('change', () => queueMicrotask(recompose))
  frame.addEventListener('input', () => byHand(true))
  byId('frame-reset').addEventListener('click', recompose)

  const exchange = makeExchange(byId('exchange'))
  const send = (event) => {
    event?.preventDefault()
    const one = current()
    if (!one) return
    own.send(one, frame.value)
    exchange.asked(one, frame.value)
    // The next message is another one, and has an id of its own.
    const shown = Object(parsed(frame.value))
    if (isByHand && shown.id === String(exchange.nextId() - 1)) write({ ...shown, id: String(exchange.nextId()) })
    else compose()
  }
  byId('compose').addEventListener('submit', send)
  byId('compose').addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(event)
  })
  if (isKnown && routes.length > 0) choose()
  else {
    frame.value = '{ "action": "" }'
    note.textContent = 'The routes of this handler are not known here: write the frame as its clients do.'
  }
  refresh()
}

/** Of the frame, before it scrolls. */
const MAX_LINES = 12
const MIN_LINES = 3

/** What was sent and heard, newest first. A reply stands below what it answers. */
const makeExchange = (list) => {
  const asked = new Map()
  let next = 1
  const add = (item) => {
    list.prepend(item)
    while (list.childElementCount > MAX_EXCHANGED) list.lastElementChild.remove()
  }
  return {
    nextId: () => next,
    asked: (one, text) => {
      const item = el('li', {}, el('pre', { class: 'asked' }, brief(text)))
      const { id } = Object(parsed(text))
      if (id !== undefined) asked.set(`${one.number} ${id}`, item)
      if (asked.size > MAX_EXCHANGED) asked.delete(asked.keys().next().value)
      if (id === String(next)) next++
      add(item)
    },
    heard: (one, text) => {
      const { id, error } = Object(parsed(text))
      const pre = el('pre', { class: error === undefined ? 'heard' : 'heard refused' }, brief(text))
      const item = id === undefined ? undefined : asked.get(`${one.number} ${id}`)
      if (item) item.append(pre)
      else add(el('li', {}, pre))
    },
    note: (sentence) => add(el('li', {}, el('p', { class: 'none' }, sentence))),
  }
}

const MAX_EXCHANGED = 40

/** On one line where it is short. */
const brief = (text) => {
  const message = parsed(text)
  const line = message === undefined ? text : JSON.stringify(message)
  return line.length <= 90 ? line : pretty(text)
}
