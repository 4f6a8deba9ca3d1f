import type { Left } from './floating.ts'

/** Says what works on a laptop and not on Lambda, each once. */
export interface Notices {
  /** A handler returned and left something under way. Once per route and kind. */
  readonly left: (route: string, left: readonly Left[]) => void
  /** An invocation failed in another instance than one before it. Once. */
  readonly parted: (connectionId: string, here: Stay, before: Stay) => void
}

/** What ran where. */
export interface Stay {
  readonly route: string
  readonly instance: number
}

export const noticer = (notice: (sentence: string) => void): Notices => {
  const told = new Set<string>()
  const isNew = (what: string) => !told.has(what) && Boolean(told.add(what))
  return {
    left: (route, left) => {
      const kinds = [...new Set(left.map(({ kind }) => kind))].filter((kind) => isNew(`${kind} ${route}`))
      if (kinds.length > 0) notice(leftBehind(route, kinds, left))
    },
    parted: (connectionId, here, before) => {
      if (isNew('parted')) notice(elsewhere(connectionId, here, before))
    },
  }
}

const leftBehind = (route: string, kinds: readonly Left['kind'][], left: readonly Left[]) => {
  const found = kinds.map((kind) => left.filter((each) => each.kind === kind))
  const isOne = found.flat().length === 1
  const names = joined(found.map((same) => named(same)))
  return (
    `The handler of '${route}' returned while ${names} that it had begun ${isOne ? 'was' : 'were'} still under way. ` +
    `On Lambda the instance is frozen at that moment: ${isOne ? 'it runs' : 'they run'} in the middle of a later ` +
    `invocation, or never. Await ${isOne ? 'it' : 'them'}.`
  )
}

const named = (same: readonly Left[]) => {
  const [one, several] = NAMES[same[0]?.kind ?? 'timer']
  const places = [...new Set(same.flatMap(({ place }) => place ?? []))].join(', ')
  return (same.length === 1 ? one : `${same.length} ${several}`) + (places && ` (${places})`)
}

const NAMES = {
  timer: ['a timer', 'timers'],
  immediate: ['an immediate', 'immediates'],
  request: ['a request', 'requests'],
  file: ['a file operation', 'file operations'],
} as const

const joined = (names: readonly string[]) =>
  names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

const elsewhere = (connectionId: string, here: Stay, before: Stay) =>
  `'${here.route}' of ${connectionId} ran in instance ${here.instance}, and its '${before.route}' in instance ` +
  `${before.instance}. What a module keeps in a variable is there for one instance only, as on Lambda: keep it in a ` +
  'store that all of them reach.'
