import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { stay } from 'ws-interlock'
import { type AnyStateMachine, createMachine, setup } from 'xstate'
import { auctionProtocol } from '../../examples/auction/protocol.ts'
import { chatProtocol } from '../../examples/chat/protocol.ts'
import { diagramOf } from '../../lib/local/inspector/diagram.ts'
import { layered } from '../../lib/local/inspector/layered.ts'
import { layout, type Picture, type PlacedState } from '../../lib/local/inspector/layout.ts'

const test = suite('inspector diagram')

/** `anonymous -auth> authenticated` */
const movesOf = (machine: AnyStateMachine, internal?: ReadonlySet<string>) =>
  diagramOf(machine, internal).moves.map(({ from, to, label }) => `${from} -${label}> ${to}`)

const linesOf = (machine: AnyStateMachine) =>
  Object.fromEntries(layout(diagramOf(machine)).states.map(({ id, lines }) => [id, lines]))

test('the chat is read as it is written', () => {
  assert.equal(movesOf(chatProtocol), [
    'anonymous -auth> authenticated',
    'anonymous -after 1 min> expired',
    'authenticated -join> joined',
  ])
  const { root, name } = diagramOf(chatProtocol)
  assert.is(name, 'chat')
  assert.is(root.initial, 'anonymous')
  assert.equal(
    root.children.map(({ id, kind }) => `${id} ${kind}`),
    ['anonymous atomic', 'authenticated atomic', 'joined atomic', 'expired final'],
  )
})

test('what leaves the state as it is stands within it', () => {
  assert.equal(linesOf(chatProtocol).joined, ['join, send stay'])
  assert.equal(linesOf(auctionProtocol).bidding, ['bid stays'])
})

test('an event that the server alone raises is told apart', () => {
  const { moves } = diagramOf(auctionProtocol, new Set(['hammer']))
  assert.is(moves.find(({ event }) => event === 'hammer')?.kind, 'internal')
  assert.is(moves.find(({ event }) => event === 'enter')?.kind, 'event')
})

const nested = setup({
  guards: { isOwner: () => true, isLate: () => true },
  delays: { patience: 5_000 },
}).createMachine({
  id: 'nested',
  initial: 'idle',
  on: { quit: '.done' },
  states: {
    idle: { on: { start: 'work', forbidden: undefined }, always: { target: 'done', guard: 'isLate' } },
    work: {
      initial: 'first',
      onDone: 'both',
      on: { pause: 'idle', restart: '.first', again: { target: 'work', reenter: true } },
      states: {
        first: { on: { next: { target: 'second', guard: 'isOwner' }, stop: '#nested.idle', up: '#nested.work' } },
        second: { after: { 250: 'first', 2000: 'last', patience: 'last' } },
        last: { type: 'final' },
        before: { type: 'history' },
      },
    },
    both: {
      type: 'parallel',
      on: { resume: 'work.before' },
      states: {
        left: { initial: 'on', states: { on: { on: { toggle: 'off' } }, off: { on: { toggle: 'on' } } } },
        right: { initial: 'on', states: { on: { on: { toggle: stay } } } },
      },
    },
    done: { type: 'final', description: 'That was it.' },
  },
})

test('guards, delays, history, regions, final states and eventless transitions are all in it', () => {
  assert.equal(movesOf(nested), [
    'idle -start> work',
    'idle -always [isLate]> done',
    'work -pause> idle',
    'work -done> both',
    'work.first -next [isOwner]> work.second',
    'work.first -stop> idle',
    'work.second -after 250 ms> work.first',
    'work.second -after 2 s> work.last',
    'work.second -after patience> work.last',
    'both -resume> work.before',
    'both.left.on -toggle> both.left.off',
    'both.left.off -toggle> both.left.on',
  ])
  const kinds = Object.fromEntries(layout(diagramOf(nested)).states.map(({ id, kind }) => [id, kind]))
  assert.is(kinds.both, 'parallel')
  assert.is(kinds['work.before'], 'history')
  assert.is(kinds['work.last'], 'final')
  assert.is(kinds['both.left'], 'compound')
})

test('what leads within a state, out to what holds it, or from everywhere, is a line of text', () => {
  const { anywhere } = layout(diagramOf(nested))
  const lines = linesOf(nested)
  assert.equal(anywhere, ['quit → done'])
  assert.equal(lines.work, ['restart → first', 'again re-enters'])
  assert.equal(lines['work.first'], ['up → work'])
  assert.equal(lines['both.right.on'], ['toggle stays'])
})

test('guards and delays that have no name are shown as what they are', () => {
  const machine = createMachine({
    initial: 'a',
    states: {
      a: {
        on: {
          go: {
            target: 'b',
            guard: function isRich() {
              return true
            },
          },
          no: { target: 'b', guard: { type: 'named' } },
        },
      },
      b: {},
    },
  })
  assert.equal(movesOf(machine), ['a -go [isRich]> b', 'a -no [named]> b'])
})

const isIn = (inner: string, outer: string) => inner.startsWith(`${outer}.`)
const overlap = (a: PlacedState, b: PlacedState) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
const holds = (a: PlacedState, b: PlacedState) =>
  a.x <= b.x && a.y <= b.y && b.x + b.width <= a.x + a.width && b.y + b.height <= a.y + a.height

/** States lie within what holds them and apart from all others, and everything lies on the sheet. */
const isTidy = ({ states, moves, width, height }: Picture) => {
  for (const [at, one] of states.entries()) {
    assert.ok(
      one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height,
      `${one.id} is out`,
    )
    for (const other of states.slice(at + 1)) {
      if (isIn(other.id, one.id)) assert.ok(holds(one, other), `${other.id} sticks out of ${one.id}`)
      else if (!isIn(one.id, other.id)) assert.not.ok(overlap(one, other), `${one.id} lies on ${other.id}`)
    }
  }
  for (const { path, x, y, labels } of moves) {
    assert.match(path, /^M[-\d.]+ [-\d.]+(C[-\d. ]+)+$/)
    assert.ok(x >= 0 && y >= 0 && x <= width && y <= height, `${labels[0]?.label} is out`)
  }
}

for (const machine of [chatProtocol, auctionProtocol, nested] as AnyStateMachine[])
  test(`the picture of ${machine.id} is tidy`, () => isTidy(layout(diagramOf(machine))))

test('a line begins at the border of the state that it leaves, and ends at that of the one it enters', () => {
  for (const machine of [chatProtocol, nested] as AnyStateMachine[]) {
    const { states, moves } = layout(diagramOf(machine))
    for (const { from, to, path } of moves) {
      const numbers = path.match(/-?[\d.]+/g)?.map(Number) ?? []
      for (const [id, x = 0, y = 0] of [
        [from, ...numbers.slice(0, 2)],
        [to, ...numbers.slice(-2)],
      ] as const) {
        const box = states.find((state) => state.id === id)
        assert.ok(box)
        const onX = Math.min(Math.abs(x - box.x), Math.abs(x - box.x - box.width))
        const onY = Math.min(Math.abs(y - box.y), Math.abs(y - box.y - box.height))
        const isWithin = x > box.x - 1 && x < box.x + box.width + 1 && y > box.y - 1 && y < box.y + box.height + 1
        assert.ok(Math.min(onX, onY) < 1 && isWithin, `${from} → ${to} misses ${id}: ${x}, ${y}`)
      }
    }
  }
})

test('the state that is entered first comes first, and lines lead onward from it', () => {
  const { states } = layout(diagramOf(chatProtocol))
  const at = Object.fromEntries(states.map(({ id, x }) => [id, x]))
  for (const [before, after] of [
    ['anonymous', 'authenticated'],
    ['authenticated', 'joined'],
    ['anonymous', 'expired'],
  ] as const)
    assert.ok(Number(at[before]) < Number(at[after]), `${before} is left of ${after}`)
})

test('whatever is connected with whatever, boxes and labels of one layer lie apart', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }).chain((count) =>
        fc.record({
          sizes: fc.array(fc.tuple(fc.integer({ min: 10, max: 200 }), fc.integer({ min: 10, max: 90 })), {
            minLength: count,
            maxLength: count,
          }),
          ends: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 24 }),
        }),
      ),
      ({ sizes, ends }) => {
        const boxes = sizes.map(([width, height], at) => ({ id: String(at), width, height }))
        const lines = ends
          .filter(([from, to]) => from !== to)
          .map(([from, to]) => ({ from: String(from), to: String(to), width: 50, height: 20 }))
        const placed = layered(boxes, lines)
        const rectangles = [
          ...boxes.map(({ width, height }, at) => ({ ...(placed.corners[at] ?? { x: 0, y: 0 }), width, height })),
          ...placed.lines.map(({ label }) => ({ x: label.x - 25, y: label.y - 10, width: 50, height: 20 })),
        ].map((one, at) => ({ ...one, id: String(at) }) as PlacedState)
        for (const [at, one] of rectangles.entries()) {
          assert.ok(one.x >= -0.01 && one.x + one.width <= placed.width + 0.01)
          for (const other of rectangles.slice(at + 1)) assert.not.ok(overlap(one, other), `${one.id} and ${other.id}`)
        }
      },
    ),
    { numRuns: 200 },
  ))

test.run()
