import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { route, stay, ws } from 'ws-interlock'
import { store } from 'ws-interlock/store'
import { memory } from 'ws-interlock/store/memory'
import { createMachine, fromPromise, sendTo, setup, spawnChild } from 'xstate'
import { peer, wire } from '../kit/wire.ts'

const test = suite('build() refuses')

/** The builder as plain JavaScript sees it. */
type Loose = { readonly [Method in Methods]: (...given: unknown[]) => Loose }
type Methods = 'authorizer' | 'store' | 'pushes' | 'protocol' | 'extend' | 'on' | 'onConnect' | 'onDefault' | 'build'
const plain = (options: object = {}) => ws({ warn: () => {}, ...options } as {}) as unknown as Loose

const nothing = () => {}
const described = (options: unknown) => plain().on('a', route(options as {}), nothing)
const longest = 'a'.repeat(128)
const { gateway } = wire()
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
  ['a route without a name', () => plain().on('', nothing), /The name of a route has 1 to 128 characters/],
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
  ['a store that is none', () => plain().store({}), /A store is missing in \.store\(\): memory\(\)/],
  ['an extension that is no function', () => plain().extend({}), /A function is missing in \.extend\(\)/],
  [
    'a protocol that is no machine',
    () => plain().store(memory()).protocol({}),
    /An XState machine is missing in \.protocol\(\)/,
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
  [
    'an option that there is not',
    () => plain({ reply: 'post' }),
    /ws\(\) has no such option\./,
    /'reply' in ws\(\), which has replies, routeBy/,
  ],
  ['options that are none', () => ws(null as never) as unknown as Loose, /An object is missing in ws\(\)\./],
  ['a choice that there is not', () => plain({ replies: 'push' }), /'post' or 'route-response' .*ws\(\{ replies \}\)/],
  ['another choice that there is not', () => plain({ routeBy: 1 }), /'message' or 'routeKey' .*ws\(\{ routeBy \}\)/],
  [
    'a limit that there is not',
    () => plain({ limits: { bytes: 1 } }),
    /ws\(\{ limits \}\) has no such option\./,
    /'bytes' in ws\(\{ limits \}\), which has maxBytes, maxDepth, maxKeys/,
  ],
  ['limits that are none', () => plain({ limits: null }), /An object is missing in ws\(\{ limits \}\)/],
  [
    'a limit of nothing',
    () => plain({ limits: { maxBytes: 0 } }),
    /A positive whole number is missing in ws\(\{ limits \}\): maxBytes/,
  ],
  ['a limit that is no number', () => plain({ limits: { maxKeys: '9' } }), /A positive whole number .*: maxKeys/],
  ['warnings to what cannot hear', () => plain({ warn: 1 }), /A function is missing in ws\(\): warn\./],
  ['chance that is a number', () => plain({ random: 0.5 }), /A function is missing in ws\(\): random\./],
  ['a clock without the time', () => plain({ clock: {} }), /A function is missing in ws\(\{ clock \}\): now\./],
  ['a clock that is a number', () => plain({ clock: 5 }), /A function is missing in ws\(\{ clock \}\): now\./],
  [
    'a clock that cannot wait',
    () => plain({ clock: { now: Date.now, wait: 5 } }),
    /A function is missing in ws\(\{ clock \}\): wait\./,
  ],
  [
    'a gateway without its functions',
    () => plain({ gateway: {} }),
    /A function is missing in ws\(\{ gateway \}\): post, close, info\./,
  ],
  ['a gateway without one of them', () => plain({ gateway: { ...gateway, info: 1 } }), /ws\(\{ gateway \}\): info\./],
  ['a gateway of nothing', () => plain({ gateway: null }), /A function is missing in ws\(\{ gateway \}\)/],
  [
    'a codec without its functions',
    () => plain({ codec: {} }),
    /A function is missing in ws\(\{ codec \}\): read, reply, error, push\./,
  ],
  [
    'the endpoint where clients connect',
    () => plain({ endpoint: 'wss://a.example' }),
    /An https:\/\/ URL is missing in ws\(\{ endpoint \}\)/,
  ],
  ['an endpoint that is no URL', () => plain({ endpoint: 'https://' }), /missing in ws\(\{ endpoint \}\)/],
  ['an endpoint that is a number', () => plain({ endpoint: 1 }), /missing in ws\(\{ endpoint \}\)/],
  ['an endpoint that is no text', () => plain({ endpoint: new URL('https://a') }), /missing in ws\(\{ endpoint \}\)/],
  [
    'a route option that there is not',
    () => described({ inptu: v.string() }),
    /route\(\) has no such option\./,
    /'inptu' in the route 'a', which has input, reply, progress, use, exclusive/,
  ],
  ['route options that are none', () => described(5), /An object is missing in the route 'a'/],
  ['an exclusive that is no boolean', () => described({ exclusive: 'no' }), /A boolean .*the route 'a': exclusive/],
  [
    'a protocol option that there is not',
    () => under(go(), { inernal: ['go'] }),
    /\.protocol\(\) has no such option\./,
    /'inernal' in \.protocol\(\), which has internal, input/,
  ],
  ['protocol options that are none', () => under(go(), null as never), /An object is missing in \.protocol\(\)/],
  [
    'internal events that are no list',
    () => under(go(), { internal: 'go' }),
    /A list of names is missing in \.protocol\(\): internal/,
  ],
  ['an internal event that is no name', () => under(go(), { internal: [5] }), /no such internal event\. \('5'\)/],
  [
    'an input that cannot be called',
    () => under(go(), { input: { seats: 2 } }),
    /A function is missing in \.protocol\(\): input/,
  ],
  ['a second store', () => plain().store(memory()).store(memory()), /declared already\. \(\.store\(\)\)/],
  ['a second protocol', () => under(go()).protocol(go()), /declared already\. \(\.protocol\(\)\)/],
  ['second pushes', () => plain().pushes({}).pushes({}), /declared already\. \(\.pushes\(\)\)/],
  [
    'a second authorizer',
    () => plain().authorizer(v.string()).authorizer(v.string()),
    /declared already\. \(\.authorizer\(\)\)/,
  ],
  ['pushes that are nothing', () => plain().pushes(null), /An object is missing in \.pushes\(\)/],
  ['pushes that are a text', () => plain().pushes('said'), /An object is missing in \.pushes\(\)/],
  ['pushes that are a list', () => plain().pushes([v.string()]), /An object is missing in \.pushes\(\)/],
  [
    "a push that could pass for the library's own",
    () => plain().pushes({ $bye: v.string() }),
    /The name of a push begins without '\$'/,
    /'\$bye'/,
  ],
  [
    'a route that no message can name',
    () => plain().on(`${longest}a`, nothing),
    /The name of a route has 1 to 128 characters/,
    /aaa/,
  ],
  [
    'a store whose ports were lost',
    () => plain().store({ ...memory(), records: {} }),
    /store\(\{ records \}\): create/,
  ],
  ['a store that only looks like one', () => plain().store({ '~state': true }), /A store is missing/],
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
  assert.type(plain({ clock: Date, gateway, endpoint: 'http://localhost:3001/dev' }).build(), 'function')
})

test('no option that is written as undefined: it is left out', () => {
  const names = ['replies', 'routeBy', 'gateway', 'endpoint', 'codec', 'limits', 'warn', 'clock', 'random'] as const
  const left = Object.fromEntries(names.map((name) => [name, undefined]))
  assert.type(
    plain({ ...left, warn: nothing })
      .onConnect(nothing)
      .build(),
    'function',
  )
  const parts = { input: undefined, reply: undefined, use: undefined, exclusive: undefined }
  assert.type(described(parts).build(), 'function')
  assert.type(under(go(), { internal: undefined, input: undefined }).on('go', nothing).build(), 'function')
})

test('no route whose name is as long as the wire can carry', async () => {
  const net = wire()
  const app = plain({ gateway: net.gateway })
    .on(longest, () => 'here')
    .build()
  const { frames } = await peer(app as unknown as Parameters<typeof peer>[0], net).send({ action: longest })
  assert.is(Object(frames[0]).data, 'here')
})

test('no ports that are whole: store() does, where they are not, and says what is missing', () => {
  const { records, memberships } = memory()
  assert.type(plain().store(store({ records, memberships })).build(), 'function')
  const says = (ports: unknown) => {
    try {
      store(ports as never)
    } catch (error) {
      return String(error)
    }
    return undefined
  }
  const noRecords = 'TypeError: A function is missing in store({ records }): create, read, replace, delete.'
  for (const ports of [undefined, null, {}, { memberships }]) assert.is(says(ports), noRecords)
  assert.is(
    says({ records }),
    'TypeError: A function is missing in store({ memberships }): join, leave, has, members, channels.',
  )
  const { replace: _, ...rest } = records
  assert.is(says({ records: rest, memberships }), 'TypeError: A function is missing in store({ records }): replace.')
  assert.is(says({ records, memberships, commit: true }), 'TypeError: A function is missing in store(): commit.')
})

test.run()
