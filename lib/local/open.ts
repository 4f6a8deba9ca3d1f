import { authorizerOf } from './authorize.ts'
import { makeChaos } from './chaos.ts'
import type { Connection } from './connection.ts'
import { makeFeed } from './feed.ts'
import type { Gate } from './gate.ts'
import { invoker } from './invoke.ts'
import { quotas } from './quotas.ts'
import { routeSelector } from './route.ts'
import { CLOSES, LIMITS } from './rules.ts'
import type { Runner } from './runner.ts'
import type { Settings } from './settings.ts'
import { makeTasks } from './tasks.ts'

/** A gateway without a door: whoever opens one, for sockets or for tests, hands in what comes. */
export interface OpenGate {
  readonly gate: Gate
  /** Close the connections, and wait for running handlers, five seconds at most. Again: the same promise. */
  readonly stop: () => Promise<void>
}

export const openGate = (runner: Runner, settings: Settings): OpenGate => {
  const tasks = makeTasks()
  const feed = makeFeed()
  let stopped: Promise<void> | undefined
  const chaos =
    settings.chaos &&
    makeChaos(settings.chaos, (fault) => {
      const { connectionId } = fault
      feed.tell(() => ({ kind: 'chaos', at: settings.clock.now(), connectionId, fault }))
    })
  const gate: Gate = {
    settings,
    connections: new Map<string, Connection>(),
    selectRoute: routeSelector(settings.routeSelectionExpression, settings.routes),
    authorize: authorizerOf(settings),
    invoke: invoker(runner, { settings, tasks, feed, chaos }),
    tasks,
    feed,
    chaos,
    hasRoomFor: quotas(settings),
    isStopping: () => stopped !== undefined,
  }
  return {
    gate,
    stop: () => {
      stopped ??= stop(gate).finally(runner.close)
      return stopped
    },
  }
}

const stop = async ({ connections, tasks, settings }: Gate) => {
  // In the next turn, so that whoever asks finds the gateway stopping before the first connection ends.
  await Promise.resolve()
  for (const connection of connections.values()) connection.end(CLOSES.stopped)
  const { drainMs, drainNoticeMs } = LIMITS
  await tasks.settled(settings.clock, drainMs.value, drainNoticeMs.value, () =>
    settings.waiting(waitingFor(tasks.names(), drainMs.value - drainNoticeMs.value)),
  )
}

const waitingFor = (names: readonly string[], leftMs: number) => {
  const more = names.length > MAX_NAMES ? `; and ${names.length - MAX_NAMES} more` : ''
  return `Waiting ${leftMs / 1_000} s more at most for ${names.slice(0, MAX_NAMES).join('; ')}${more}.`
}

const MAX_NAMES = 3
