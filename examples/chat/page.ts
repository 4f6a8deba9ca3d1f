import { type Client, ClientError, connect, RemoteError } from 'ws-interlock/client'
import { logFrame, onSubmit, press } from '../elements.ts'
import { chatProtocol } from './protocol.ts'
import type { chat } from './server.ts'
import { draw, fill, focusOn, type Said, type Trouble } from './view.ts'

// The script of the page, on the typed client. All that it knows of the server is the type of `chat`.

type Chat = Client<typeof chat>
type Step = NonNullable<Chat['snapshot']>['value']

let client: Chat | undefined
let name = ''
let token = ''
let room = ''
let refusal: Trouble | undefined
const talks = new Map<string, Said[]>() // room -> what was said there
const presence = new Map<string, Map<string, string>>() // room -> name by key of who is there

const begin = () => {
  token = room = ''
  talks.clear()
  presence.clear()
  refusal = undefined
  client = connect<typeof chat>(address(), {
    WebSocket: LoggedSocket,
    protocol: chatProtocol,
    input: { name },
    // A gateway on this machine is soon there again.
    reconnect: { maxMs: 2_000 },
    // On each connection, the first and all that follow when one is lost: be who one was, and where.
    onReady: async ({ send, recovered }) => {
      refusal = undefined
      if (recovered || !token) return
      await send('auth', { token })
      for (const joined of talks.keys()) await join(joined, send)
    },
    onError: (error) => {
      if (client?.state === 'connecting') refuse(error)
    },
  })
  client.on('message', ({ room, from, text }) => say(room, { from, text }))
  client.on('joined', ({ room, name }) => say(room, { notice: `${name} joined` }))
  client.on('left', ({ room, name }) => say(room, { notice: `${name} left` }))
  client.on('$presence', ({ channel, joined, left }) => {
    for (const { key, meta } of joined) presentIn(channel).set(key, meta.name)
    for (const key of left) presentIn(channel).delete(key)
    show()
  })
  client.subscribe(show)
  show()
}

const address = () => {
  const stage = encodeURIComponent(query.get('stage') ?? 'dev')
  return `${location.protocol}//${location.host}/${stage}?name=${encodeURIComponent(name)}`
}
const query = new URLSearchParams(location.search)

const join = async (joined: string, send: Chat['send']) => {
  presence.delete(joined)
  const { present } = await send('join', { room: joined })
  // Beside what the pushes say: they come before this answer or after it.
  for (const { key, meta } of present) presentIn(joined).set(key, meta.name)
}

/** Do what a form asks for, and show the sentence where that is refused. */
const attempt = async (run: (client: Chat) => Promise<void>) => {
  if (!client) return
  try {
    await run(client)
    refusal = undefined
    show()
  } catch (error) {
    refuse(error)
  }
}

const refuse = (error: unknown) => {
  const isKnown = error instanceof RemoteError || error instanceof ClientError
  refusal = isKnown ? error : { code: 'connect', message: error instanceof Error ? error.message : `${error}` }
  show()
}

const presentIn = (room: string) => {
  const present = presence.get(room) ?? new Map<string, string>()
  presence.set(room, present)
  return present
}
const talkOf = (room: string) => {
  const talk = talks.get(room) ?? []
  talks.set(room, talk)
  return talk
}
const say = (where: string, said: Said) => {
  talkOf(where).push(said)
  show()
}
const open = (chosen: string) => {
  talkOf(chosen)
  room = chosen
  show()
}

const show = () => {
  const { state = 'closed', snapshot, farewell } = client ?? {}
  const step = state === 'closed' ? undefined : snapshot?.value
  draw({
    state,
    name,
    isAgain: client !== undefined,
    steps: STEPS,
    step,
    // By the machine that the client mirrors: nobody is asked.
    allowed: step === undefined ? [] : MESSAGES.filter((message) => client?.can(message)),
    early: (step && EARLY[step]?.label) ?? EARLY.anonymous.label,
    isEarly: state === 'open' && step !== undefined && EARLY[step] !== undefined,
    trouble: farewell ? { code: '$bye', message: farewell.message } : state === 'waiting' ? GONE : refusal,
    rooms: [...talks.keys()],
    room,
    open,
    present: state === 'open' ? [...(presence.get(room)?.values() ?? [])].sort() : [],
    said: talks.get(room) ?? [],
    hint: HINTS[step ?? 'none'],
  })
}

const MESSAGES = ['auth', 'join', 'send'] as const
const STEPS = Object.values(chatProtocol.states).flatMap(({ type, key }) => (type === 'final' ? [] : [key]))
const GONE = { code: 'waiting', message: 'The connection is gone. The next one is on its way.' }
const HINTS: Record<Step | 'none', string> = {
  none: 'Connect here and in a second tab, and talk to yourself.',
  anonymous: 'You are connected, and nobody yet. Authenticate first.',
  authenticated: 'Now join a room.',
  joined: 'Nobody has said anything here yet.',
  expired: 'Connect again.',
}

/**
 * What the server refuses in each state. The client would refuse it too, before it is sent: to see the server do it,
 * these are written on the socket itself.
 */
const EARLY: { [step in Step]?: Early } & { anonymous: Early } = {
  anonymous: { label: 'Send join before auth', action: 'join', data: { room: 'lobby' } },
  authenticated: { label: 'Send a message before join', action: 'send', data: { room: 'lobby', text: 'Too early' } },
  joined: { label: 'Send auth a second time', action: 'auth', data: { token: 'let-me-in' } },
}
interface Early {
  readonly label: string
  readonly action: string
  readonly data: object
}
const EARLY_ID = 'early'

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
    const { id, error }: { id?: string; error?: Trouble } = JSON.parse(text)
    logFrame('in', text, error !== undefined)
    if (id !== EARLY_ID) return
    refusal = error
    show()
  }
}

press('early', () => {
  const step = client?.snapshot?.value
  const { action, data } = (step && EARLY[step]) ?? EARLY.anonymous
  LoggedSocket.present?.send(JSON.stringify({ action, id: EARLY_ID, data }))
})
onSubmit('connect', (field) => {
  name = field('name').trim()
  if (name) begin()
})
onSubmit('auth', (field) =>
  attempt(async ({ send }) => {
    await send('auth', { token: field('token') })
    token = field('token')
  }),
)
onSubmit('join', (field) =>
  attempt(async ({ send }) => {
    await join(field('room'), send)
    open(field('room'))
    focusOn('send')
  }),
)
onSubmit('send', (field, reset) => {
  attempt(async ({ send }) => void (await send('send', { room, text: field('text') })))
  reset()
})
fill('connect', query.get('name') ?? '')
show()
