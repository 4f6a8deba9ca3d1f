import { byId, perFrame, svg } from './dom.js'
import { activeIn } from './state.js'

/** The protocol as a picture: how many connections are in each state, and where the selected one is. */
export const showDiagram = (model, { diagram }, pick) => {
  const figure = byId('diagram')
  byId('protocol-name').textContent = diagram?.name ?? ''
  if (!diagram) {
    const none = document.createElement('p')
    none.className = 'none'
    none.textContent = 'This application has no protocol: each message is allowed at any time.'
    figure.replaceChildren(none)
    return
  }
  const boxes = new Map(diagram.states.map((state) => [state.id, boxOf(state, diagram, pick)]))
  const moves = diagram.moves.map((move) => ({ from: move.from, element: moveOf(move) }))
  figure.replaceChildren(
    svg(
      'svg',
      {
        ...sizeOf(diagram, figure),
        viewBox: `0 0 ${diagram.width} ${diagram.height}`,
        role: 'group',
        'aria-label': 'States',
      },
      svg('defs', {}, arrowHead('arrow'), arrowHead('arrow-open')),
      ...diagram.starts.map((path) => svg('path', { class: 'move', d: path, 'marker-end': 'url(#arrow)' })),
      // Outer boxes come first in the list, so inner ones lie upon them.
      ...diagram.states.map(({ id }) => boxes.get(id)),
      ...moves.map(({ element }) => element),
      ...diagram.anywhere.map((line, at) => svg('text', { class: 'line', x: 4, y: 12 + at * 14 }, `anywhere: ${line}`)),
    ),
  )

  let before = ''
  /** A large picture is scrolled to where the selected connection is, once for each state. */
  const follow = (active) => {
    const now = [...active].join()
    const lit = diagram.states.findLast(({ id }) => active.has(id))
    if (now === before || !lit) return
    before = now
    const scale = figure.firstChild.clientWidth / diagram.width
    figure.scrollTo({
      left: (lit.x + lit.width / 2) * scale - figure.clientWidth / 2,
      top: (lit.y + lit.height / 2) * scale - figure.clientHeight / 2,
    })
  }
  const draw = () => {
    const counts = new Map()
    for (const { state } of model.connections.values())
      for (const id of activeIn(state)) counts.set(id, (counts.get(id) ?? 0) + 1)
    const active = activeIn(model.connections.get(model.selected)?.state)
    for (const [id, box] of boxes) {
      const count = counts.get(id) ?? 0
      const shown = box.querySelector('.count')
      if (shown) shown.textContent = count > 0 ? count : ''
      box.setAttribute('aria-label', `${id}, ${count} ${count === 1 ? 'connection' : 'connections'}`)
      box.classList.toggle('lit', active.has(id))
      if (active.has(id)) box.setAttribute('aria-current', 'true')
      else box.removeAttribute('aria-current')
    }
    for (const { from, element } of moves) {
      element.classList.toggle('open', active.has(from))
      element.firstChild.setAttribute('marker-end', `url(#${active.has(from) ? 'arrow-open' : 'arrow'})`)
    }
    follow(active)
  }
  model.listen(perFrame(draw))
  draw()
  new ResizeObserver(() => {
    const { width, height } = sizeOf(diagram, figure)
    figure.firstChild.setAttribute('width', width)
    figure.firstChild.setAttribute('height', height)
  }).observe(figure)
}

/** As large as there is room, never larger than it was laid out, and never so small that it cannot be read. */
const sizeOf = ({ width, height }, figure) => {
  const room = { width: figure.clientWidth - 24, height: 336 }
  const scale = Math.max(MIN_SCALE, Math.min(1, room.width / width, room.height / height))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}

const MIN_SCALE = 0.62

const arrowHead = (id) =>
  svg(
    'marker',
    {
      id,
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerWidth: 8,
      markerHeight: 8,
      markerUnits: 'userSpaceOnUse',
      orient: 'auto',
    },
    svg('path', { class: id === 'arrow' ? 'arrow' : 'arrow arrow-lit', d: 'M0 0.5L8 4L0 7.5z' }),
  )

const boxOf = ({ id, name, kind, x, y, width, height, lines, description }, { states }, pick) => {
  const isOuter = states.some((other) => other.id.startsWith(`${id}.`))
  const parent = states.find((other) => other.id === id.slice(0, -name.length - 1))
  const middle = x + width / 2
  const choose = () => pick(id)
  const group = svg(
    'g',
    {
      class: 'state-box',
      role: 'button',
      tabindex: 0,
      click: choose,
      keydown: (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return
        event.preventDefault()
        choose()
      },
    },
    description === undefined ? undefined : svg('title', {}, description),
  )
  if (kind === 'history') {
    group.append(
      svg('circle', { class: 'box', cx: middle, cy: y + height / 2, r: width / 2 - 1 }),
      svg('text', { class: 'line', x: middle, y: y + height / 2 + 4, 'text-anchor': 'middle' }, 'H'),
    )
    return group
  }
  group.append(
    svg('rect', {
      class: `box${isOuter ? ' outer' : ''}${parent?.kind === 'parallel' ? ' region' : ''}`,
      x,
      y,
      width,
      height,
      rx: 8,
    }),
  )
  if (kind === 'final')
    group.append(svg('rect', { class: 'final-ring', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 6 }))
  group.append(
    svg('text', { class: 'name', x: x + 12, y: y + 22 }, name),
    svg('text', { class: 'count', x: x + width - 10, y: y + 22 }),
    ...lines.map((line, at) => svg('text', { class: 'line', x: x + 12, y: y + 39 + at * 16 }, line)),
  )
  return group
}

const moveOf = ({ path, x, y, labels, from, to }) =>
  svg(
    'g',
    { role: 'img', 'aria-label': `${labels.map(({ label }) => label).join(' or ')}: from ${from} to ${to}` },
    svg('path', { class: 'move', d: path, 'marker-end': 'url(#arrow)' }),
    ...labels.map(({ label, kind }, at) =>
      svg('text', { class: `label ${kind}`, x, y: y + 4 + (at - (labels.length - 1) / 2) * 16 }, label),
    ),
  )
