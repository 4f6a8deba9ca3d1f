import { byId, el, numberOf, perFrame } from './dom.js'
import { readable } from './state.js'

/** The open connections, newest first, of which one can be selected. */
export const showConnections = (model, own) => {
  const list = byId('connections-list')
  const filter = byId('connections-filter')
  const items = new Map()
  const stale = new Set()
  let isReordered = true

  const draw = () => {
    for (const id of stale) {
      const connection = model.connections.get(id)
      if (connection && items.has(id)) describe(items.get(id), connection, own.has(id))
    }
    stale.clear()
    if (isReordered) reorder()
    isReordered = false
    select()
  }
  const reorder = () => {
    const wanted = filter.value.trim().toLowerCase()
    const found = [...model.connections.values()].filter((one) => wanted === '' || textOf(one).includes(wanted))
    const shown = found.reverse().slice(0, MAX_SHOWN)
    const ids = new Set(shown.map(({ connectionId }) => connectionId))
    for (const [id, item] of items)
      if (!ids.has(id)) {
        item.remove()
        items.delete(id)
      }
    let next = list.firstChild
    for (const connection of shown) {
      const item = items.get(connection.connectionId) ?? make(connection)
      if (item === next) next = next.nextSibling
      else list.insertBefore(item, next)
    }
    const count = model.connections.size
    byId('connections-count').textContent = [
      wanted === '' ? numberOf(count) : `${numberOf(found.length)} of ${numberOf(count)}`,
      ...(found.length > MAX_SHOWN ? [`newest ${numberOf(MAX_SHOWN)} shown`] : []),
    ].join(', ')
    const none = byId('connections-none')
    none.hidden = shown.length > 0
    none.textContent = count === 0 ? 'No connection is open.' : 'No open connection fits the filter.'
  }
  const make = (connection) => {
    const item = el('div', { role: 'option', id: `connection-${connection.connectionId}`, 'aria-selected': 'false' })
    item.dataset.id = connection.connectionId
    describe(item, connection, own.has(connection.connectionId))
    items.set(connection.connectionId, item)
    return item
  }
  const select = () => {
    for (const item of list.querySelectorAll('[aria-selected=true]'))
      if (item.dataset.id !== model.selected) item.setAttribute('aria-selected', 'false')
    const item = items.get(model.selected)
    item?.setAttribute('aria-selected', 'true')
    if (item) list.setAttribute('aria-activedescendant', item.id)
    else list.removeAttribute('aria-activedescendant')
  }

  const ask = perFrame(draw)
  model.listen((change) => {
    if (change.isWhole) {
      items.clear()
      list.replaceChildren()
    }
    if (change.isOpenedOrClosed || filter.value !== '') isReordered = true
    if (change.connectionId) stale.add(change.connectionId)
    ask()
  })
  own.listen((id) => {
    stale.add(id)
    ask()
  })
  const refilter = () => {
    isReordered = true
    ask()
  }
  filter.addEventListener('input', refilter)
  list.addEventListener('click', ({ target }) => {
    const item = target.closest('[role=option]')
    if (item) model.select(item.dataset.id)
  })
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' }[event.key]
    const ends = { Home: list.firstElementChild, End: list.lastElementChild }
    const item = step
      ? (items.get(model.selected)?.[step] ?? (model.selected ? undefined : ends.Home))
      : ends[event.key]
    if (!step && !(event.key in ends)) return
    event.preventDefault()
    if (!item) return
    model.select(item.dataset.id)
    item.scrollIntoView({ block: 'nearest' })
  })
  return {
    /** Show those in a state, or all where they are shown already. */
    filterBy: (text) => {
      filter.value = filter.value === text ? '' : text
      refilter()
    },
  }
}

const MAX_SHOWN = 1_000

const textOf = ({ connectionId, state = '', query, sourceIp, userAgent = '' }) =>
  [connectionId, readable(state || undefined), query, sourceIp, userAgent].join(' ').toLowerCase()

const describe = (item, { connectionId, state, query, sourceIp, received, sent }, isOwn) =>
  item.replaceChildren(
    el('code', { class: isOwn ? 'own' : undefined }, connectionId),
    state === undefined ? el('span') : el('span', { class: 'state', title: readable(state) }, readable(state)),
    el('small', { title: query }, query || sourceIp),
    el(
      'small',
      { class: 'counts', title: `${received} received, ${sent} sent` },
      `↑${numberOf(received)} ↓${numberOf(sent)}`,
    ),
  )
