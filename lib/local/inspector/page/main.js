import { showConnections } from './connections.js'
import { showConsole } from './console.js'
import { showDiagram } from './diagram.js'
import { byId, numberOf, perFrame } from './dom.js'
import { showFaults } from './faults.js'
import { ask, hear } from './feed.js'
import { showLog } from './log.js'
import { makeModel } from './model.js'
import { makeOwn } from './own.js'
import { showSelected } from './selected.js'

const application = await ask('app.json')
const model = makeModel()
const own = makeOwn(model)

byId('address').textContent = `ws://${location.host}${application.path}`
const { filterBy } = showConnections(model, own)
showDiagram(model, application, filterBy)
showSelected(model, application)
showLog(model)
showFaults(model)
showConsole(model, own, application)

const drawCounts = perFrame(() => {
  const { received, sent, failed } = model.total
  for (const [name, count] of Object.entries({ open: model.connections.size, received, sent, failed }))
    byId(`count-${name}`).textContent = numberOf(count)
  byId('count-failed').classList.toggle('some', failed > 0)
})
model.listen(drawCounts)

const tabs = [byId('tab-log'), byId('tab-faults')]
const choose = (tab) => {
  for (const each of tabs) {
    each.setAttribute('aria-selected', String(each === tab))
    each.tabIndex = each === tab ? 0 : -1
    byId(each.getAttribute('aria-controls')).hidden = each !== tab
  }
  document.querySelector('.tools').hidden = tab !== tabs[0]
}
for (const [at, tab] of tabs.entries()) {
  tab.addEventListener('click', () => choose(tab))
  tab.addEventListener('keydown', ({ key }) => {
    if (key !== 'ArrowLeft' && key !== 'ArrowRight') return
    const other = tabs[1 - at]
    choose(other)
    other.focus()
  })
}

/** Another application may have come up in its place, or the same with other routes. */
const look = async () => {
  if (JSON.stringify(await ask('app.json')) !== JSON.stringify(application)) location.reload()
}
hear({
  snapshot: (snapshot) => {
    model.begin(snapshot)
    look()
  },
  application: look,
  seen: model.take,
  live: (isLive) => {
    byId('live').textContent = isLive ? 'live' : 'reconnecting'
    byId('live').classList.toggle('on', isLive)
  },
})
