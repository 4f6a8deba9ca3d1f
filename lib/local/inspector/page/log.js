import { byId, el, perFrame, pretty, timeOf } from './dom.js'
import { MAX_ROWS } from './model.js'
import { readable } from './state.js'

/** What came and went, oldest first. It follows the end unless one has scrolled away from it. */
export const showLog = (model) => {
  const list = byId('log')
  const filter = byId('log-filter')
  const selectedOnly = byId('log-selected')
  const pause = byId('log-pause')
  const items = new Map()
  let pending = []
  let changed = new Set()
  let isWhole = true
  let isPaused = false
  let missed = 0

  const fits = (row) => {
    if (selectedOnly.checked && row.connectionId !== model.selected) return false
    const wanted = filter.value.trim().toLowerCase()
    return wanted === '' || `${row.connectionId} ${row.name} ${row.text}`.toLowerCase().includes(wanted)
  }
  const draw = () => {
    const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - NEAR_END
    if (isWhole) {
      items.clear()
      list.replaceChildren()
      pending = [...model.log]
      isWhole = false
    }
    const added = pending.filter(fits).slice(-MAX_ROWS)
    pending = []
    list.append(...added.map((row) => make(row)))
    while (list.childElementCount > MAX_ROWS) {
      items.delete(list.firstElementChild.dataset.number)
      list.firstElementChild.remove()
    }
    for (const row of changed) {
      const item = items.get(String(row.number))
      if (item) item.replaceWith(make(row, item.firstElementChild.open))
    }
    changed = new Set()
    byId('log-none').hidden = list.childElementCount > 0
    byId('log-none').textContent = model.log.length > 0 ? 'No message fits the filter.' : 'Nothing has happened yet.'
    if (isAtEnd) list.scrollTop = list.scrollHeight
  }
  const make = (row, isOpen = false) => {
    const item = rowOf(row, isOpen)
    item.dataset.number = row.number
    items.set(String(row.number), item)
    return item
  }
  const ask = perFrame(draw)
  const redraw = () => {
    isWhole = true
    ask()
  }

  model.listen((change) => {
    if (isPaused) {
      missed += change.rows.length
      if (change.rows.length > 0) pause.textContent = `Resume (${missed})`
      if (change.isWhole || change.isCleared) redraw()
      return
    }
    if (change.isWhole || change.isCleared || (change.isSelected && selectedOnly.checked)) isWhole = true
    pending.push(...change.rows)
    // A hidden tab draws no frames, and must not pile rows up.
    if (pending.length > 2 * MAX_ROWS) pending = pending.slice(-MAX_ROWS)
    for (const row of change.changedRows) changed.add(row)
    if (changed.size > 2 * MAX_ROWS) isWhole = true
    if (isWhole || pending.length > 0 || changed.size > 0) ask()
  })
  filter.addEventListener('input', redraw)
  selectedOnly.addEventListener('change', redraw)
  byId('log-clear').addEventListener('click', () => model.clear())
  pause.addEventListener('click', () => {
    isPaused = !isPaused
    missed = 0
    pause.textContent = isPaused ? 'Resume' : 'Pause'
    pause.setAttribute('aria-pressed', String(isPaused))
    if (!isPaused) redraw()
  })
}

/** Pixels from the end within which the list follows. */
const NEAR_END = 30

const rowOf = (row, isOpen) => {
  const { at, kind, connectionId, name, text, invocation, isRefusal } = row
  const isRefused = isRefusal || invocation?.code !== undefined || invocation?.status >= 300
  const tone = invocation?.isFailed ? 'failed' : isRefused ? 'refused' : ''
  const details = el(
    'details',
    { class: `${kind} ${tone}` },
    el(
      'summary',
      {},
      el('time', {}, timeOf(at)),
      el('span', { class: 'way', title: WAYS[kind].title }, WAYS[kind].sign),
      el('span', { class: 'id' }, connectionId),
      el('span', { class: 'name' }, name),
      el('span', { class: 'text' }, text.replace(/\s*\n\s*/g, ' ').slice(0, 300)),
      el('span', { class: 'ended' }, endOf(invocation)),
    ),
  )
  // Only what one opens is laid out.
  const open = () => {
    if (details.open && details.childElementCount === 1) details.append(el('pre', {}, bodyOf(row)))
  }
  details.addEventListener('toggle', open)
  details.open = isOpen
  open()
  return el('li', {}, details)
}

const WAYS = {
  opened: { sign: '+', title: 'opened' },
  received: { sign: '→', title: 'from the client' },
  sent: { sign: '←', title: 'to the client' },
  closed: { sign: '×', title: 'closed' },
  invoked: { sign: '!', title: 'invoked' },
  refused: { sign: '!', title: 'refused' },
  chaos: { sign: '~', title: 'went wrong on purpose' },
}

const endOf = (invocation) => {
  if (!invocation) return ''
  const { outcome, status, code, ms, states, instance } = invocation
  const moved = states && states.before !== states.after
  return [
    ...(moved ? [`${readable(states.before) || 'start'} → ${readable(states.after)}`] : []),
    code ?? WORDS[outcome] ?? status,
    `${ms} ms`,
    ...(instance === undefined ? [] : [`instance ${instance}`]),
  ].join(' · ')
}

const WORDS = {
  threw: 'threw',
  timeout: 'timed out',
  malformed: 'malformed answer',
  noRoute: 'no route',
  throttled: 'throttled',
}

const bodyOf = ({ text, bytes, invocation, kind, userAgent, sourceIp }) =>
  [
    pretty(text),
    ...(bytes === undefined ? [] : [`(cut: it has ${bytes.toLocaleString('en')} bytes)`]),
    ...(kind === 'opened' ? [`from ${sourceIp}${userAgent ? `, ${userAgent}` : ''}`] : []),
    ...(invocation?.fault === undefined ? [] : ['', invocation.fault]),
    ...(invocation?.returned === undefined ? [] : ['', `returned ${invocation.returned}`]),
  ].join('\n')
