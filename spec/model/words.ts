import { taskAt } from './log.ts'
import type { How } from './step.ts'
import type { Act } from './task.ts'
import type { World } from './world.ts'

/** The steps that led to a moment, the last one first. */
export interface Trail {
  readonly previous: Trail | undefined
  readonly how: How
  readonly task: number
  readonly act: Act | undefined
  readonly now: number
}

/** The steps in words, the first one first. */
export const wordsOf = (world: World, last: Trail | undefined): string[] => {
  const words: string[] = []
  for (let trail = last; trail; trail = trail.previous) words.unshift(inWords(world, trail))
  return words
}

const inWords = (world: World, { how, task, act, now }: Trail): string => {
  if (how === 'jump') return `the clock jumps to ${now}`
  const { name, what } = taskAt(world.tasks, task)
  const who = name === what ? name : `${name} (${what})`
  const doing = act ? verbOf(act) : 'begins, and is through'
  return how === 'done' ? `${who} ${doing}` : `${who} ${doing}: ${HOW[how]}`
}

const HOW: Readonly<Record<Exclude<How, 'done' | 'jump'>, string>> = {
  dies: 'the function dies before it is done',
  'dies, flying': 'the function dies, and the write is still on its way',
  failed: 'the store fails, and has done nothing',
  lost: 'done, and the answer is lost',
  'failed, flying': 'no answer, and the write is still on its way',
  lands: 'it lands only now',
  late: 'the answer is the record before',
}

const verbOf = (act: Act): string => {
  if (act.op === 'replace') {
    const { version, state, claim, closed } = act.next
    const what = closed ? `closes${closed.to ? ` for '${closed.to}'` : ''}` : claim ? 'claims' : 'stores'
    return `writes${act.of ? ` '${act.of}'` : ''} v${act.version}->v${version}: ${what} '${state?.value}'`
  }
  if (act.op === 'read') return act.of ? `reads '${act.of}'` : 'reads'
  if (act.op === 'run') return `begins its handler in '${act.state.value}'`
  if (act.op === 'ran') return 'ends its handler'
  if (act.op === 'send') return 'lets out what it sent'
  if (act.op === 'join') return `joins '${act.channel}'`
  if (act.op === 'leave') return `leaves '${act.channel}'${act.of ? ` for '${act.of}'` : ''}`
  if (act.op === 'channels') return `asks for the channels${act.of ? ` of '${act.of}'` : ''}`
  return act.op === 'wait' ? 'waits' : 'runs actions'
}
