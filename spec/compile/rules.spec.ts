import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { route, stay, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine, fromPromise, sendTo, setup, spawnChild } from 'xstate'

const test = suite('build() refuses')

/** The builder as plain JavaScript sees it. */
type Loose = { readonly [Method in Methods]: (...given: unknown[]) => Loose }
type Methods = 'authorizer' | 'store' | 'pushes' | 'protocol' | 'extend' | 'on' | 'onConnect' | 'onDefault' | 'build'
const plain = (options: object = {}) => ws({ warn: () => {}, ...options } as {}) as unknown as Loose

const nothing = () => {}
const turn = (on: object, more: object = {}) =>
  createMachine({ id: 'turn', initial: 'a', states: { a: { on }, b: {} }, ...more } as {})
const go = () => turn({ go: 'b' })
const under = (machine: unknown, options?: object) => plain().store(memory()).protocol(machine, options)
const handled = (machine: unknown) => under(machine).on('go', nothing)

const withSetup = (action: unknown) =>
  setup({ actions: { act: action as () => void } }).createMachine({
    id: 'named',
    initial: 'a',
    states: { a: { on: { go: { target: 'a', actions: 'act' } } } },
  })

/** What is written, and what the error must say: the rule in words, and the place. */
const rules: readonly (readonly [claim: string, chain: () => Loose, ...says: RegExp[]])[] = [
  [
    'a second handler of a route',
    () => plain().on('a', nothing).on('a', nothing),
    /This route already has a handler\./,
    /'a'/,
  ],
  ['a second onConnect', () => plain().onConnect(nothing).onConnect(nothing), /already has a handler\./, /onConnect/],
  [
    'a lifecycle route by name',
    () => plain().on('$connect', nothing),
    /Lifecycle routes have methods: onConnect/,
    /'\$connect'/,
  ],
  [
    'a declaration after a route',
    () => plain().on('a', nothing).store(memory()),
    /Declarations come before the first route\./,
    /\.store\(\) after \.on\(\)/,
  ],
  [
    'a declaration after onConnect',
    () => plain().onConnect(nothing).pushes({}),
    /Declarations come before the first route\./,
  ],
  ['a route without a name', () => plain().on('', nothing), /the name of a route/],
  ['a route without a handler', () => plain().on('a'), /A function is missing in the route 'a'/],
  ['a schema that is none', () => plain().on('a', {}, nothing), /A schema is missing in the route 'a'/],
  [
    'a reply schema that is none',
    () => plain().on('a', route({ reply: {} as never }), nothing),
    /A schema is missing in the route 'a'/,
  ],
  [
    'a middleware that is none',
    () => plain().on('a', route({ use: {} as never }), nothing),
    /a middleware of the route 'a'/,
  ],
  [
    'a push without a schema',
    () => plain().pushes({ said: 1 }).on('a', nothing),
    /A schema is missing in the push 'said'/,
  ],
  ['an authorizer that is no schema', () => plain().authorizer({}), /A schema is missing in \.authorizer\(\)/],
  ['a store that is none', () => plain().store({}), /\.store\(\) takes a store/],
  ['an extension that is no function', () => plain().extend({}), /A function is missing in \.extend\(\)/],
  [
    'a protocol that is no machine',
    () => plain().store(memory()).protocol({}),
    /\.protocol\(\) takes an XState machine/,
  ],
  [
    'a protocol without a store',
    () => plain().protocol(go()).on('go', nothing),
    /A protocol needs a store\. Call \.store\(\) before \.build\(\)\./,
    /'turn'/,
  ],
  [
    'an event without a route',
    () => under(turn({ go: 'b', stay: 'a' })),
    /These protocol events have no route\./,
    /go, stay/,
  ],
  [
    'a route that is no event',
    () => handled(go()).on('fly', nothing),
    /The protocol has no such event for a peer to send\./,
    /'fly'/,
  ],
  [
    'an internal event that is none',
    () => under(go(), { internal: ['fly'] }).on('go', nothing),
    /The protocol has no such internal event\./,
    /'fly'/,
  ],
  [
    'an internal event with a route',
    () => under(go(), { internal: ['go'] }).on('go', nothing),
    /no such event for a peer to send\./,
    /'go'/,
  ],
  [
    'an empty transition',
    () => handled(turn({ go: {} })),
    /State 'a' has 'go: \{\}'/,
    /'go: stay' to allow it/,
    /'go: undefined' to forbid it/,
  ],
  [
    'an empty transition among others',
    () => handled(turn({ go: [{ guard: () => false, target: 'b' }, {}] })),
    /State 'a' has 'go: \{\}'/,
  ],
  ['a transition to undefined', () => handled(turn({ go: { target: undefined } })), /State 'a' has 'go: \{\}'/],
  ['a guard that leads nowhere', () => handled(turn({ go: { guard: () => true } })), /State 'a' has 'go: \{\}'/],
  [
    'a route that no state can accept',
    () => handled(turn({ go: undefined })),
    /No state .*accepts 'go'/,
    /remove the route/,
  ],
  ['an onDefault that no state can accept', () => handled(go()).onDefault(nothing), /No state .*accepts '\$default'/],
  ['a wildcard', () => handled(turn({ go: 'b', '*': 'a' })), /State 'a' accepts the wildcard '\*'/],
  ['a partial wildcard', () => handled(turn({ go: 'b', 'go.*': 'a' })), /State 'a' accepts the wildcard 'go\.\*'/],
  [
    'an invoked actor',
    () => handled(turn({ go: 'b' }, { invoke: { src: fromPromise(async () => 1) } })),
    /State 'turn' .*invoke/,
  ],
  [
    'spawnChild',
    () => handled(turn({ go: { target: 'b', actions: spawnChild('x' as never) } })),
    /State 'a' uses spawnChild\(\)/,
  ],
  [
    'spawnChild on the way through always',
    () => handled(turn({ go: 'b' }, { always: { guard: () => false, actions: spawnChild('x' as never) } })),
    /State 'turn' uses spawnChild\(\)/,
  ],
  [
    'spawnChild on the way to an initial state',
    () => handled(turn({ go: 'b' }, { initial: { target: 'a', actions: spawnChild('x' as never) } })),
    /State 'turn' uses spawnChild\(\)/,
  ],
  [
    'sendTo',
    () => handled(turn({ go: { target: 'b', actions: sendTo('x' as never, { type: 'y' } as never) } })),
    /State 'a' uses sendTo\(\)/,
  ],
  [
    'sendTo by its name in setup',
    () => handled(withSetup(sendTo('x' as never, { type: 'y' } as never))),
    /State 'a' uses sendTo\(\)/,
  ],
  ['an option that there is not', () => plain({ reply: 'post' }), /ws\(\) has no option 'reply'\. It has replies/],
  ['a choice that there is not', () => plain({ replies: 'push' }), /'post' or 'route-response', not "push"/],
  ['a limit that there is not', () => plain({ limits: { bytes: 1 } }), /ws\(\) has no limit 'bytes'\. It has maxBytes/],
  ['a limit of nothing', () => plain({ limits: { maxBytes: 0 } }), /'maxBytes' is a positive whole number/],
  ['a limit that is no number', () => plain({ limits: { maxKeys: '9' } }), /'maxKeys' is a positive whole number/],
]

for (const [claim, chain, ...says] of rules)
  test(claim, () => {
    let thrown: unknown
    try {
      chain().build()
    } catch (error) {
      thrown = error
    }
    assert.instance(thrown, TypeError)
    for (const pattern of says) assert.match(String(thrown), pattern)
  })

test('none of what is written right', () => {
  const machine = turn({ go: 'b', look: stay, shut: undefined, told: 'b', $default: stay })
  const built = under(machine, { internal: ['told'] })
    .on('go', v.undefined(), nothing)
    .on('look', route({ exclusive: true }), nothing)
    .onDefault(nothing)
    .onConnect(nothing)
    .build()
  assert.type(built, 'function')
  assert.type(plain({ replies: 'route-response', routeBy: 'routeKey', limits: { maxDepth: 3 } }).build(), 'function')
})

test.run()
