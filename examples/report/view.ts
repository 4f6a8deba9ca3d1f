import { element, find, findThe } from '../elements.ts'

// What the page looks like, drawn anew with each change. It knows nothing of servers.

export interface View {
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed'
  readonly steps: readonly string[]
  readonly step: string | undefined
  readonly allowed: readonly string[]
  /** The one that is being made. */
  readonly task: Making | undefined
  readonly made: Made | undefined
  /** Why there is no report, or no connection. */
  readonly trouble: Trouble | undefined
  /** What the protocol says of a second one. */
  readonly refusal: Trouble | undefined
}

export interface Trouble {
  readonly code: string
  readonly message: string
}

interface Making {
  readonly state: string
  readonly fraction: number
  readonly note: string | undefined
  readonly isCancelling: boolean
}

interface Made {
  readonly year: number
  readonly months: readonly Sums[]
  readonly orders: number
  readonly revenue: number
}

interface Sums {
  readonly name: string
  readonly orders: number
  readonly revenue: number
}

export const draw = (view: View) => {
  drawForm(view)
  drawProgress(view)
  drawReport(view)
  drawProtocol(view)
}

const drawForm = ({ state, task }: View) => {
  const status = find('status')
  status.textContent = STATUS[state]
  status.toggleAttribute('data-open', state === 'open')
  findThe(HTMLFieldSetElement, 'fields').disabled = task !== undefined || state === 'closed'
}

const STATUS = {
  connecting: 'Connecting',
  open: 'Connected',
  waiting: 'Connecting again',
  closed: 'Not connected',
} as const

const drawProgress = ({ task }: View) => {
  find('progress').hidden = !task
  if (!task) return
  const { state, fraction, note, isCancelling } = task
  findThe(HTMLProgressElement, 'bar').value = fraction
  find('percent').textContent = `${Math.round(fraction * 100)} %`
  find('note').textContent = isCancelling ? 'Cancelling' : (note ?? WAITING[state] ?? '')
  findThe(HTMLButtonElement, 'cancel').disabled = isCancelling
}
const WAITING: Readonly<Record<string, string>> = {
  starting: 'Asking for a report',
  queued: 'Waiting for a worker',
  running: 'Working',
}

const drawReport = ({ task, made, trouble }: View) => {
  find('hint').hidden = made !== undefined
  find('hint').textContent = task ? GOES_ON : 'Ask for a year of made-up books. Adding them up takes some seconds.'
  complain('trouble', trouble)
  find('made').hidden = !made
  if (!made) return
  const { year, months, orders, revenue } = made
  const most = Math.max(...months.map((month) => month.revenue))
  find('title').textContent = `${year}, ${months.length} ${months.length === 1 ? 'month' : 'months'}`
  find('rows').replaceChildren(...months.map((month) => rowOf(month, month.revenue / most)))
  find('sum').replaceChildren(...rowOf({ name: 'Total', orders, revenue }).children)
}

const GOES_ON = 'Reload the page: the report goes on without it, and the bar comes back.'

const complain = (id: string, trouble: Trouble | undefined) => {
  find(id).hidden = !trouble
  if (trouble) find(id).replaceChildren(element('b', trouble.code), trouble.message)
}

const rowOf = ({ name, orders, revenue }: Sums, share?: number) => {
  const row = element('tr', '')
  const bar = element('td', '', 'share')
  if (share !== undefined) bar.append(Object.assign(element('i', ''), { style: `inline-size: ${share * 100}%` }))
  row.append(
    Object.assign(element('th', name), { scope: 'row' }),
    element('td', orders.toLocaleString('en')),
    element('td', `€ ${revenue.toLocaleString('en')}`),
    bar,
  )
  return row
}

const drawProtocol = ({ state, steps, step, allowed, refusal }: View) => {
  const items = steps.map((one) => element('li', one))
  items[step === undefined ? -1 : steps.indexOf(step)]?.setAttribute('aria-current', 'step')
  find('steps').replaceChildren(...items)
  find('allowed').replaceChildren(
    ...(allowed.length > 0 ? allowed.map((one) => element('code', one)) : [element('span', 'nothing')]),
  )
  findThe(HTMLButtonElement, 'early').disabled = state !== 'open' || step !== 'reporting'
  complain('refusal', refusal)
}
