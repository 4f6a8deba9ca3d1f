import * as v from 'valibot'
import { accept, NotFoundError, ResourceExhaustedError, route, UnavailableError, ws } from 'ws-interlock'
import { latch } from '../kit/wire.ts'

/** Answers, refuses, hangs, and tells how far it is. */
export const desk = () => {
  const door = latch()
  const ran: string[] = []
  let busy = 0
  const app = ws({ warn: () => {} })
    .pushes({ said: v.number() })
    .onConnect(() => accept())
    .on('echo', v.unknown(), ({ data, id }) => {
      ran.push(`echo ${id}`)
      return data
    })
    .on('nothing', v.undefined(), () => {})
    .on('refuse', v.undefined(), () => {
      throw new ResourceExhaustedError('Three a minute.', { details: { limit: 3 }, retryAfterMs: 20_000 })
    })
    .on('hang', v.undefined(), async () => {
      ran.push('hang')
      await door.passed
      return 'at last'
    })
    .on('busy', v.number(), ({ data, id }) => {
      ran.push(`busy ${id}`)
      if (busy++ < data) throw new UnavailableError('Not now.', { retryAfterMs: 300 })
      return busy
    })
    .on('say', v.number(), async ({ data, push }) => {
      for (let one = 1; one <= data; one++) await push('said', one)
    })
    .on('report', route({ input: v.number(), progress: v.number() }), async ({ data, progress }) => {
      for (let step = 1; step <= data; step++) await progress(step)
      if (data > 3) throw new NotFoundError('There is no more.')
      return 'done'
    })
    .on('slow', route({ progress: v.number() }), async ({ progress }) => {
      await progress(1)
      await door.passed
      return 'slow'
    })
    .build()
  return { app, door, ran }
}
