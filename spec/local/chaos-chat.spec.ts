import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Invocation } from 'ws-interlock/local'
import { type TestGateway, testGateway } from 'ws-interlock/testing'
import { chat } from '../../examples/chat/server.ts'
import { quiet } from '../protocol/kit.ts'

const test = suite('examples/chat, under chaos')
let restore = () => {}
test.before.each(() => {
  restore = quiet().restore
})
test.after.each(() => restore())

type Chat = TestGateway<typeof chat>
type Peer = Awaited<ReturnType<Chat['connect']>>

/** What a client does whose messages may get lost: it says again what was not answered well. */
const insist = async <Answer extends { readonly error?: unknown }>(
  { clock }: Chat,
  peer: Peer,
  ask: () => Promise<Answer>,
) => {
  for (let attempt = 0; attempt < 20 && !peer.closed; attempt++) {
    const late = new Promise<undefined>((resolve) => clock.setTimeout(() => resolve(undefined), 5_000))
    const answer = await Promise.race([ask().catch(() => late), late])
    if (answer && !answer.error) return true
  }
  return false
}

/** All at once, in the wrong order. Resolves with what they were told: that they have joined, and that they were heard. */
const talk = async (gateway: Chat, name: string) => {
  const peer = await gateway.connect({ query: { name } }).catch(() => undefined)
  if (!peer) return undefined
  const [said, joined] = await Promise.all([
    insist(gateway, peer, () => peer.request('send', { room: 'tea', text: `by ${name}` })),
    insist(gateway, peer, () => peer.request('join', { room: 'tea' })),
    insist(gateway, peer, () => peer.request('auth', { token: 'let-me-in' })),
  ])
  return { peer, said, joined }
}

const whileTimePasses = async <Result>(gateway: Chat, work: Promise<Result>) => {
  let isOver = false
  const over = () => {
    isOver = true
  }
  work.then(over, over)
  while (!isOver) await gateway.advance(500)
  return work
}

const membersOf = async () => {
  const members: string[] = []
  for await (const member of chat.server.channel('tea').members()) members.push(String(member))
  return members
}

/** One evening of four visitors, who are gone without a word at its end. How many had their say, and what went wrong. */
const evening = async (gateway: Chat, invocations: readonly Invocation[]) => {
  const hint = () => `seed ${gateway.seed}: ${JSON.stringify(gateway.chaos?.injected)}`
  const talks = await whileTimePasses(gateway, Promise.all(['ann', 'bob', 'cid', 'dan'].map((of) => talk(gateway, of))))
  const members = await membersOf()
  // A message that went well was allowed in the state that it met.
  for (const { name = '', outcome, code, states } of invocations)
    if (outcome === 'answered' && code === undefined && states && ALLOWED[name])
      assert.match(String(states.before), ALLOWED[name], hint())
  const joined = new Set(invocations.filter(({ states }) => states?.after === 'joined').map((of) => of.connectionId))
  let said = 0
  for (const visit of talks) {
    if (!visit) continue
    const { connectionId, closed } = visit.peer
    // Whoever was told that they have joined is in the room, as long as they are here.
    if (visit.joined && !closed) assert.ok(members.includes(connectionId), hint())
    if (visit.said) assert.ok(joined.has(connectionId), hint())
    if (visit.said) said++
    visit.peer.vanish()
  }
  await gateway.advance(3 * 3_600_000)
  assert.equal(await membersOf(), [], hint())
  return { said, faults: gateway.chaos?.injected.length ?? 0 }
}

test('under fifty seeds nobody speaks before they have joined, what was answered is true, and nobody is left behind', async () => {
  const sum = { said: 0, faults: 0 }
  for (let seed = 1; seed <= 50; seed++) {
    const invocations: Invocation[] = []
    const gateway = testGateway(chat, { seed, chaos: true, observe: (invocation) => invocations.push(invocation) })
    try {
      const { said, faults } = await evening(gateway, invocations)
      sum.said += said
      sum.faults += faults
    } finally {
      await gateway.close()
    }
  }
  // It was neither a silent time nor a calm one.
  assert.ok(sum.said > 100, `${sum.said} had their say`)
  assert.ok(sum.faults > 1_000, `${sum.faults} faults`)
})

const ALLOWED: Readonly<Record<string, RegExp>> = {
  auth: /^anonymous$/,
  join: /^(authenticated|joined)$/,
  send: /^joined$/,
}

test.run()
