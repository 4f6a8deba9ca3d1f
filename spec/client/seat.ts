import * as v from 'valibot'
import { accept, PermissionDeniedError, stay, ws } from 'ws-interlock'
import { resume } from 'ws-interlock/resume'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { insideOf } from '../../lib/local/inside.ts'
import { latch } from '../kit/wire.ts'

/** First in, then speak; who leaves has to enter again. */
export const seatMachine = createMachine({
  id: 'seat',
  version: '1',
  initial: 'outside',
  states: {
    outside: { on: { enter: 'inside', peek: stay } },
    inside: { on: { say: stay, peek: stay, leave: 'outside' } },
  },
})

/** An application of that machine, and what ran in it. Whoever enters is heard by all in `hall`. */
export const seat = ({ resumes = true, windowMs = 120_000, speaks = true } = {}) => {
  const ran: string[] = []
  const farewells: string[] = []
  /** Handlers of these wait at the door. */
  const held = new Set<string>()
  let door = latch()
  const enter = async (name: string, what: unknown = '') => {
    ran.push(what === '' ? name : `${name} ${what}`)
    if (held.has(name)) await door.passed
  }
  const app = ws({ warn: () => {} })
    .store(memory())
    .pushes({ said: v.number(), told: v.number() })
    .protocol(seatMachine, resumes ? { resume: resume({ secret: 'x'.repeat(32), windowMs }) } : {})
    // Who is on two connections for a while hears a broadcast twice, and has to tell.
    .channels({ ids: true })
    .onConnect(() => accept())
    .on('enter', v.optional(v.object({ fails: v.optional(v.boolean()) })), async ({ data, channel }) => {
      await enter('enter')
      if (data?.fails) throw new PermissionDeniedError('Not you.')
      await channel('hall').join()
    })
    .on('leave', v.undefined(), async ({ channel }) => {
      await enter('leave')
      await channel('hall').leave()
    })
    .on('say', v.object({ n: v.number() }), async ({ data: { n }, channel }) => {
      await enter('say', n)
      if (speaks) await channel('hall').broadcast('said', n)
      return n * 2
    })
    .on('peek', v.undefined(), async ({ snapshot }) => {
      await enter('peek')
      return snapshot.value
    })
    .onDisconnect(({ connection }) => void farewells.push(connection.id))
    .build()
  return {
    app,
    ran,
    farewells,
    held,
    open: () => {
      held.clear()
      door.open()
      door = latch()
    },
    /** What is stored of a connection. */
    stored: (connectionId: string) => insideOf(app)?.ports?.records.read(connectionId),
  }
}
