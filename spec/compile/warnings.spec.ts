import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, type Options, stay, type Warning, ws } from 'ws-interlock'
import { memory } from 'ws-interlock/store/memory'
import { createMachine } from 'xstate'
import { peer, wire } from '../kit/wire.ts'

const test = suite('warnings')

const nothing = () => {}

const warned = (build: (options: Options) => unknown) => {
  const warnings: Warning[] = []
  build({ warn: (warning) => warnings.push(warning) })
  return warnings
}
const codes = (build: (options: Options) => unknown) => warned(build).map(({ code }) => code)

test('an open door is warned of, with what to do', () => {
  const [warning] = warned((options) => ws(options).on('a', nothing).build())
  assert.is(warning?.code, 'OPEN_DOOR')
  assert.match(warning?.message ?? '', 'Anybody can connect')
  assert.match(warning?.fix ?? '', '.onConnect(() => accept())')
})

test('a door with an onConnect or an authorizer is not open', () => {
  assert.equal(
    codes((options) =>
      ws(options)
        .onConnect(() => accept())
        .build(),
    ),
    [],
  )
  assert.equal(
    codes((options) =>
      ws(options)
        .authorizer(v.object({ user: v.string() }))
        .on('a', nothing)
        .build(),
    ),
    [],
  )
})

const turn = createMachine({ initial: 'a', states: { a: { on: { go: stay, halt: stay } } } })

test('routes of a protocol without a schema are named', () => {
  const [warning, ...rest] = warned((options) =>
    ws(options)
      .store(memory())
      .protocol(turn)
      .onConnect(() => accept())
      .on('go', nothing)
      .on('halt', v.undefined(), nothing)
      .build(),
  )
  assert.is(warning?.code, 'ROUTE_WITHOUT_SCHEMA')
  assert.match(warning?.message ?? '', /\bgo\b/)
  assert.not.match(warning?.message ?? '', /\bhalt\b/)
  assert.equal(rest, [])
})

test('without a protocol a route needs no schema', () => {
  assert.equal(
    codes((options) =>
      ws(options)
        .onConnect(() => accept())
        .on('go', nothing)
        .build(),
    ),
    [],
  )
})

const FUNCTION = 'AWS_LAMBDA_FUNCTION_NAME'
const before = process.env[FUNCTION]
test.after.each(() => {
  if (before === undefined) delete process.env[FUNCTION]
  else process.env[FUNCTION] = before
})

const remembering = () => {
  const warnings: string[] = []
  const net = wire()
  const app = ws({ gateway: net.gateway, warn: ({ code }) => warnings.push(code) })
    .store(memory())
    .onConnect(() => accept())
    .on('a', nothing)
    .build()
  return { warnings, ann: peer(app, net) }
}

test('the memory store is warned of on Lambda, at the first event and then no more', async () => {
  process.env[FUNCTION] = 'chat'
  const { warnings, ann } = remembering()
  assert.equal(warnings, [])
  await ann.connect()
  assert.equal(warnings, ['MEMORY_ON_LAMBDA'])
  await ann.send({ action: 'a' })
  assert.equal(warnings, ['MEMORY_ON_LAMBDA'])
})

test('the memory store is not warned of elsewhere', async () => {
  delete process.env[FUNCTION]
  const { warnings, ann } = remembering()
  await ann.connect()
  assert.equal(warnings, [])
})

test('by default a warning is one line of the log, with its code', () => {
  const { warn } = console
  const lines: unknown[][] = []
  console.warn = (...line) => lines.push(line)
  try {
    ws().on('a', nothing).build()
  } finally {
    console.warn = warn
  }
  assert.is(lines.length, 1)
  assert.is(lines[0]?.length, 1)
  assert.match(String(lines[0]), /^ws-interlock OPEN_DOOR: [^\n]+$/)
})

test.run()
