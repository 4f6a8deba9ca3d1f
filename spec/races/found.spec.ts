import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { message } from '../../lib/protocol/engine.ts'
import { wrap } from '../../lib/protocol/machine.ts'
import { warm } from '../kit/warm.ts'
import {
  APPLIED,
  applied,
  ask,
  beaten,
  handled,
  machine,
  NOW,
  policy,
  recordIn,
  walk,
  written,
} from '../protocol/hand.ts'
import { opening } from './protocols.ts'

// Each of these was seen by a race first. Here it is by itself, in the fewest steps.
const test = suite('what races have found')
test.before(warm)

test('a claim lasts as long as its function, however long it took to store a delay that was over', () => {
  const door = wrap(opening.machine)
  const shut = recordIn('shut', {
    machine: door.version,
    due: [{ event: 'xstate.after.20000.door.shut', at: NOW - 1 }],
  })
  const voting = message(door, ask('vote', { exclusive: true }), policy)
  const late = { ...APPLIED, now: NOW + 4_000 }
  const { effects, result } = walk(voting, { record: shut }, late, late, { ...handled(), now: NOW + 4_000 }, late)
  assert.is(written(effects[1]).state?.value, 'open')
  assert.is(written(effects[2]).claim?.deadline, policy.deadline(NOW + 4_000))
  assert.is(result.kind, 'done')
})

test('a zombie under whose id another message was applied is told so, and not that its own was', () => {
  const other = recordIn('joined', { version: 10, done: [applied('m1', 't2', 'leave')] })
  const joining = message(machine, ask('join'), policy)
  const { result } = walk(joining, { record: recordIn('authenticated') }, APPLIED, handled(), beaten(other))
  assert.equal(result, { kind: 'reused' })
})

test.run()
