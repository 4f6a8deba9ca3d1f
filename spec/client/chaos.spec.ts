import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { randomOf } from '../../lib/local/chance.ts'
import { begin, outcome, warmClient } from './kit.ts'
import { seat, seatMachine } from './seat.ts'

const test = suite('client: when all goes wrong that can')
test.before(warmClient)

const SEEDS = Array.from({ length: 30 }, (_, index) => index + 1)

/** One client that says whatever comes to its mind, and loses its connection at times. */
const story = async (seed: number, pipeline: boolean) => {
  const { app, stored } = seat({ speaks: false })
  const random = randomOf(seed)
  const { client, end, gateway, pass, settle, sent, socket } = begin(
    app,
    { protocol: seatMachine, pipeline, random, timeoutMs: 10_000 },
    { seed, chaos: { delays: 0.6, coldStarts: 0.1, throttling: 0, kills: 0.03 } },
  )
  const wrongful: string[] = []
  const counts = { refusedHere: 0, accepted: 0, vanished: 0 }
  let said = 0
  const ask = async (name: 'enter' | 'leave' | 'peek' | 'say') => {
    const before = sent(name).length
    const n = said++
    const { error } = await outcome(name === 'say' ? client.send('say', { n }) : client.send(name))
    if (!error) counts.accepted++
    return { name, error, isHere: error?.code === 'FAILED_PRECONDITION' && sent(name).length === before }
  }
  const NAMES = ['enter', 'leave', 'peek', 'say', 'say'] as const
  try {
    for (let turn = 0; turn < 25; turn++) {
      const name = NAMES[Math.floor(random() * NAMES.length)] ?? 'say'
      const asked = ask(name)
      if (random() < 0.12) {
        // In the middle of it, or before anything has arrived.
        if (random() < 0.5) await settle()
        gateway.sockets.at(-1)?.vanish()
        counts.vanished++
      }
      await pass(30_000)
      const { isHere } = await asked
      if (!isHere) continue
      counts.refusedHere++
      // Nothing else is on its way: what is stored now is what the server would have judged by.
      const { state } = (await stored(socket().connectionId)) ?? {}
      const { on = {} } = seatMachine.config.states?.[String(state?.value)] ?? {}
      if (name in on) wrongful.push(`seed ${seed}, turn ${turn}: '${name}' in ${JSON.stringify(state?.value)}`)
    }
  } finally {
    await end()
  }
  return { ...counts, wrongful }
}

for (const pipeline of [false, true])
  test(`nothing is refused here that the server accepts${pipeline ? ', in a pipeline' : ''}`, async () => {
    const total = { refusedHere: 0, accepted: 0, vanished: 0 }
    for (const seed of SEEDS) {
      const { wrongful, ...counts } = await story(seed, pipeline)
      assert.equal(wrongful, [])
      for (const name of ['refusedHere', 'accepted', 'vanished'] as const) total[name] += counts[name]
    }
    assert.ok(total.refusedHere > 30 && total.accepted > 200 && total.vanished > 30, JSON.stringify(total))
  })

test.run()
