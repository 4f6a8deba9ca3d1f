import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import type { Gateway, Store } from 'ws-interlock'
import { connectEvent, disconnectEvent, messageEvent } from 'ws-interlock/testing'
import { lambdaWith } from '../../kit/wire.ts'
import { application, isShared, type Name } from './app.ts'
import { type Attempt, begins, type Course, ends, freeze } from './witness.ts'

/** The instances of a function, and what can be asked of them. */
export interface Cast {
  readonly connect: (course: Course) => Promise<void>
  /** Deliver a message to an instance. Resolves with what its peer was told. */
  readonly deliver: (course: Course, said: Said, instance: number, freezes?: boolean) => Promise<string>
  readonly disconnect: (course: Course, instance: number) => Promise<void>
}

export interface Said {
  readonly name: Name
  readonly id: string
}

type App = (event: object, context: object) => Promise<unknown>

export const castOf = (stores: readonly Store[]): Cast => {
  const scenes = new AsyncLocalStorage<Scene>()
  const scene = () => {
    const found = scenes.getStore()
    if (!found) throw new Error('This is nobody’s invocation.')
    return found
  }
  const apps = stores.map((store) => instance(store, scene))
  const at = (index: number) => apps[index % apps.length] as App // There is one at least.
  let requests = 0

  return {
    connect: (course) =>
      // Long enough ago that a 410 means what it says.
      scenes.run({ course: { ...course, aheadMs: -CONNECTED_MS } }, async () => {
        await at(0)(connectEvent({ connectionId: course.id }), lambdaWith(LIFE_MS))
      }),
    deliver: async (course, { name, id }, index, freezes = false) => {
      // Short, so that whatever a token keeps of it is all of it.
      const token = (requests++).toString(36).padStart(4, '0')
      const attempt: Attempt = { ...NEW, course, name, id, token, freezes, late: course.ended, told: [] }
      course.attempts.push(attempt)
      const event = messageEvent({ connectionId: course.id, body: { action: name, id } })
      await scenes.run({ course, attempt }, () =>
        at(index)(event, lambdaWith(index % 3 === 0 ? HASTY_MS : LIFE_MS, token)),
      )
      return attempt.told[0] ?? 'nothing'
    },
    disconnect: async (course, index) => {
      course.gone = true
      const event = disconnectEvent({ connectionId: course.id })
      await scenes.run({ course }, () => at(index)(event, lambdaWith(LIFE_MS)))
      course.ended = true
    },
  }
}

/** Whose invocation it is. */
interface Scene {
  readonly course: Course
  readonly attempt?: Attempt
}

const instance = (store: Store, scene: () => Scene): App => {
  const app = application({
    store,
    gateway: gatewayOf(scene),
    clock: {
      now: () => Date.now() + scene().course.aheadMs,
      // A fortieth of the time: what is short of patience in life is short of it here, and nobody sleeps long.
      wait: (ms) => pause(ms / 40),
    },
    during: async (state) => {
      const attempt = attemptIn(scene())
      begins(attempt, state)
      if (attempt.freezes && !isShared(attempt.name)) await freeze(attempt, LIFE_MS + SKEW_MS)
      // A handler takes its time, and others come meanwhile.
      else await pause(1)
    },
    ends: () => ends(attemptIn(scene())),
  })
  // Typed by its own routes, it takes what AWS sends.
  return app as unknown as App
}

const attemptIn = ({ attempt }: Scene) => {
  if (!attempt) throw new Error('A handler runs, or a peer is told something, for no message.')
  return attempt
}

const gatewayOf = (scene: () => Scene): Gateway => ({
  post: async (_, body) => {
    const { course } = scene()
    const attempt = attemptIn(scene())
    const { event, error } = JSON.parse(body) as { readonly event?: string; readonly error?: { readonly code: string } }
    if (event) attempt.pushed++
    else attempt.told.push(error?.code ?? 'OK')
    return { outcome: course.gone ? 'gone' : 'delivered' }
  },
  close: async () => {
    attemptIn(scene()).told.push('gone')
    return { outcome: 'delivered' }
  },
  info: async () => undefined,
})

const NEW = { began: undefined, ended: false, dead: false, pushed: 0 }
const LIFE_MS = 10_000
/** A function with so little time left waits for nobody. */
const HASTY_MS = 1_550
/** A claim lasts so much longer than its function. */
const SKEW_MS = 2_000
/** Until then a 410 may mean that the handshake is still on its way back. */
const CONNECTED_MS = 31_000
