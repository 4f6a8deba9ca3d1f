import { byId, el, perFrame, timeOf } from './dom.js'
import { ask } from './feed.js'
import { nameOf, readable } from './state.js'

/** The selected connection: who it is, what is stored of it, and how to be rid of it. */
export const showSelected = (model, { path, diagram }) => {
  const place = byId('selected')
  const stored = el('p', { class: 'facts' })
  let shownFor
  let isAsking = false

  const draw = () => {
    const connection = model.connections.get(model.selected)
    if (!connection) {
      shownFor = undefined
      place.replaceChildren(
        el(
          'p',
          {},
          model.selected === undefined ? 'Select a connection to see where it stands.' : `${model.selected} is closed.`,
        ),
      )
      return
    }
    if (shownFor === connection) return
    shownFor = connection
    const { connectionId, at, sourceIp, query, userAgent = 'no user agent' } = connection
    stored.replaceChildren()
    const who = `since ${timeOf(at)} from ${sourceIp} ${query} · ${userAgent}`
    place.replaceChildren(
      el('p', { title: who }, el('code', {}, connectionId), ` ${who}`),
      el('button', { type: 'button', click: () => disconnect(connectionId) }, 'Disconnect'),
      stored,
    )
    read()
  }
  const disconnect = async (connectionId) => {
    const { ok, status } = await fetch(`${path}/@connections/${encodeURIComponent(connectionId)}`, { method: 'DELETE' })
    if (!ok) stored.replaceChildren(`The gateway answered ${status}. Where it verifies signatures, a page cannot sign.`)
  }

  /** The store is asked for the one connection that is looked at, one question at a time. */
  const read = async () => {
    if (!diagram || isAsking) return
    isAsking = true
    const asked = model.selected
    const record = await ask(`record.json?id=${encodeURIComponent(asked)}`).catch(() => ({}))
    isAsking = false
    if (asked !== model.selected) return read()
    if (record.value === undefined) return
    const state = nameOf(record.value)
    model.learn(asked, state)
    const deadlines = (record.due ?? []).map(({ at }) => `deadline at ${timeOf(at).slice(0, 8)}`)
    const context = JSON.stringify(record.context)
    stored.replaceChildren(
      ...[
        'In ',
        el('b', {}, readable(state)),
        ...(context === undefined || context === '{}' ? [] : [' with ', el('code', { title: context }, context)]),
        ...deadlines.map((text) => ` · ${text}`),
      ],
    )
  }

  const redraw = perFrame(draw)
  model.listen((change) => {
    if (change.isWhole) shownFor = undefined
    redraw()
    if (change.seen?.kind === 'invoked' && change.connectionId === model.selected) read()
  })
  draw()
}
