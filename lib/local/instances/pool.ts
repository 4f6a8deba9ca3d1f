import type { Instance } from './instance.ts'

export interface Pool {
  /** Have the two that are warm at the start. Rejects where the module cannot be loaded. */
  readonly warm: () => Promise<void>
  /** Take an instance for one invocation: another than the given, where there is one. Else one is started, up to the cap. */
  readonly take: (other: number | undefined) => Promise<Instance>
  readonly giveBack: (instance: Instance) => void
  readonly close: () => Promise<void>
}

/** Hand out instances, each to one invocation at a time. */
export const makePool = (start: (number: number) => Instance, maxInstances: number): Pool => {
  const all = new Set<Instance>()
  /** The one that has stood still for the longest is the first. */
  const idle: Instance[] = []
  const queue: Waiting[] = []
  let count = 0
  let loading = 0
  let isClosed = false

  const grow = async () => {
    count++
    loading++
    const instance = start(count)
    all.add(instance)
    instance.gone.then(() => bury(instance))
    try {
      await instance.loaded
    } finally {
      loading--
    }
    giveBack(instance)
  }
  /** Each start is for one that waits, so a module that cannot be loaded is tried once per invocation and no more. */
  const growForWaiting = () => {
    while (!isClosed && loading < queue.length && all.size < maxInstances)
      grow().catch((error) => queue.shift()?.reject(error))
  }
  const bury = (instance: Instance) => {
    all.delete(instance)
    const at = idle.indexOf(instance)
    if (at >= 0) idle.splice(at, 1)
    growForWaiting()
  }
  const giveBack = (instance: Instance) => {
    if (!instance.isAlive()) return
    const next = queue.shift()
    if (next) next.resolve(instance)
    else idle.push(instance)
  }

  return {
    warm: async () => {
      const missing = isClosed ? 0 : Math.min(WARM, maxInstances) - all.size
      await Promise.all(Array.from({ length: Math.max(0, missing) }, grow))
    },
    take: (other) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('The instances are closed: they run no invocation any more.'))
        const instance = idle.find(({ number, isAlive }) => number !== other && isAlive()) ?? idle.find(isAlive)
        if (instance) idle.splice(idle.indexOf(instance), 1)
        if (instance) return resolve(instance)
        queue.push({ resolve, reject })
        growForWaiting()
      }),
    giveBack,
    close: async () => {
      isClosed = true
      const closed = new Error('The instances were closed.')
      for (const { reject } of queue.splice(0)) reject(closed)
      const ending = idle.splice(0)
      for (const instance of all) {
        if (ending.includes(instance)) endSoon(instance)
        else instance.kill(closed)
      }
      await Promise.all([...all].map(({ gone }) => gone))
    },
  }
}

interface Waiting {
  readonly resolve: (instance: Instance) => void
  readonly reject: (error: unknown) => void
}

const isAlive = (instance: Instance) => instance.isAlive()

/** As many as it takes for a variable of a module to be missed. */
const WARM = 2

/** One that stands still ends when its line does, unless something in it holds it up. */
const endSoon = (instance: Instance) => {
  const timer = setTimeout(() => instance.kill(new Error('The instance did not end.')), MAX_END_MS)
  instance.gone.then(() => clearTimeout(timer))
  instance.end()
}
const MAX_END_MS = 1_000
