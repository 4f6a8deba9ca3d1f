import { ClientError, connect, RemoteError } from 'ws-interlock/client'
import { type ClientTask, followTask, startTask, type TaskStep } from 'ws-interlock/client/task'
import { logFrame, onSubmit, press } from '../elements.ts'
import { reportProtocol } from './protocol.ts'
import type { report } from './server.ts'
import { draw, type Trouble } from './view.ts'

// The script of the page, on the typed client. All that it knows of the server is the type of `report`.

type Report = Awaited<ReturnType<typeof start>['result']>

let task: ClientTask<Report> | undefined
let step: TaskStep | undefined
let isCancelling = false
let made: Report | undefined
let trouble: Trouble | undefined
let refusal: Trouble | undefined

/** A socket that shows its frames. */
class LoggedSocket extends WebSocket {
  static present: LoggedSocket | undefined

  constructor(url: string, protocols: string[] = []) {
    super(url, protocols)
    LoggedSocket.present = this
    this.addEventListener('message', ({ data }) => this.#hear(data))
  }

  override send(text: string) {
    logFrame('out', text)
    super.send(text)
  }

  #hear(text: string) {
    const { id, error, data }: { id?: string; error?: Trouble; data?: { error?: Trouble } } = JSON.parse(text)
    logFrame('in', text, (error ?? data?.error) !== undefined)
    if (id !== EARLY_ID) return
    refusal = error
    show()
  }
}
const EARLY_ID = 'early'

const stage = encodeURIComponent(new URLSearchParams(location.search).get('stage') ?? 'dev')
const client = connect<typeof report>(`${location.protocol}//${location.host}/${stage}`, {
  WebSocket: LoggedSocket,
  protocol: reportProtocol,
  // A gateway on this machine is soon there again.
  reconnect: { maxMs: 2_000 },
})

const start = (wanted: { readonly year: number; readonly months: number }) => startTask(client, 'report', wanted)

/** Show a task until it ends. Its id outlives the page, so that a reload finds it again. */
const follow = async (followed: ClientTask<Report>) => {
  task = followed
  step = made = trouble = refusal = undefined
  isCancelling = false
  show()
  try {
    sessionStorage.setItem(KEPT, await followed.id)
    for await (step of followed) show()
    made = await followed.result
  } catch (error) {
    trouble = troubleOf(error)
  }
  task = undefined
  // The task goes on where it is the client that has ended.
  if (client.state !== 'closed') sessionStorage.removeItem(KEPT)
  show()
}
const KEPT = 'report'

const troubleOf = (error: unknown): Trouble => {
  const isKnown = error instanceof RemoteError || error instanceof ClientError
  return isKnown ? error : { code: 'page', message: error instanceof Error ? error.message : `${error}` }
}

const show = () => {
  const { state, snapshot, farewell } = client
  draw({
    state,
    steps: STEPS,
    step: state === 'closed' ? undefined : snapshot?.value,
    // By the machine that the client mirrors: nobody is asked.
    allowed: client.can('report') && state !== 'closed' ? ['report'] : [],
    task: task && { state: task.state, fraction: step?.fraction ?? 0, note: step?.note, isCancelling },
    made,
    trouble: farewell ? { code: '$bye', message: farewell.message } : state === 'waiting' ? GONE : trouble,
    refusal,
  })
}
const STEPS = Object.keys(reportProtocol.states)
const GONE = { code: 'waiting', message: 'The connection is gone, and the next one is on its way. The report goes on.' }

onSubmit('wanted', (field) => follow(start({ year: Number(field('year')), months: Number(field('months')) })))
press('cancel', () => {
  isCancelling = true
  show()
  task?.cancel().catch((error) => {
    isCancelling = false
    trouble = troubleOf(error)
    show()
  })
})
// The client would refuse it before it is sent. To see the server do it, it is written on the socket itself.
press('early', () => {
  const data = { year: 2024, months: 1 }
  LoggedSocket.present?.send(JSON.stringify({ action: 'report', id: EARLY_ID, data }))
})
client.subscribe(show)
const kept = sessionStorage.getItem(KEPT)
if (kept) follow(followTask(client, 'report', kept))
show()
