import { byId, el, numberOf, perFrame, timeOf } from './dom.js'

/** What went wrong in the handler: what it threw, answers that API Gateway does not take, timeouts. Newest first. */
export const showFaults = (model) => {
  const list = byId('faults')
  const count = byId('faults-count')
  let shown = []

  const draw = () => {
    const fresh =
      shown[0] === model.faults[0] || model.faults.length > shown.length ? model.faults.slice(shown.length) : undefined
    const isContinued = fresh && shown.every((one, at) => one === model.faults[at])
    if (isContinued) list.prepend(...fresh.map(itemOf).reverse())
    else list.replaceChildren(...model.faults.map(itemOf).reverse())
    shown = [...model.faults]
    count.textContent = numberOf(shown.length)
    count.classList.toggle('some', shown.length > 0)
    byId('faults-none').hidden = shown.length > 0
  }
  model.listen(perFrame(draw))

  const itemOf = ({ at, connectionId, routeKey, name, outcome, ms, fault, returned }) =>
    el(
      'li',
      {},
      el(
        'p',
        {},
        el('b', {}, SENTENCES[outcome] ?? SENTENCES.threw),
        el('span', {}, `in ${name || routeKey}`),
        el('button', { type: 'button', class: 'link', click: () => model.select(connectionId) }, connectionId),
        el('span', {}, `${timeOf(at)}, after ${ms} ms`),
      ),
      ...(fault === undefined ? [] : [el('pre', {}, fault)]),
      ...(returned === undefined ? [] : [el('pre', {}, `It returned ${returned}`)]),
    )
}

const SENTENCES = {
  threw: 'The handler threw',
  malformed: 'The answer is malformed',
  timeout: 'The handler timed out, and runs on',
}
