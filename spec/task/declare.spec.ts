import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as v from 'valibot'
import { accept, InvalidArgumentError, route, ws } from 'ws-interlock'
import { store as storeOf } from 'ws-interlock/store'
import { memory } from 'ws-interlock/store/memory'
import { tasks } from 'ws-interlock/task'
import { insideOf } from '../../lib/local/inside.ts'
import { tasksOf } from '../../lib/task/task.ts'
import { peer, wire } from '../kit/wire.ts'
import { one, Report, shelf, toldBy, UUID } from './desk.ts'

const test = suite('task: declared')

const quietly = () => ws({ warn: () => {} })

/** What plain JavaScript gets for a chain that the types refuse. */
const refused = (chain: () => unknown): string => {
  try {
    chain()
  } catch (error) {
    return `${Object(error).name}: ${Object(error).message}`
  }
  throw new Error('It was taken.')
}

/** One task with these options, in plain JavaScript. */
const withOptions = (options: object, spec: unknown = Report, run: unknown = () => {}) =>
  refused(() =>
    quietly()
      .store(memory())
      .task('report', spec as typeof Report, { queue: shelf().queue, ...options }, run as () => void)
      .build(),
  )

test('a task is a route of its own name, and two more come with it, however many tasks there are', () => {
  const { queue } = shelf()
  const app = quietly()
    .store(memory())
    .task('report', Report, { queue }, () => {})
    .task('echo', v.string(), { queue }, ({ data }) => data)
    .on('hello', () => {})
    .build()
  const { plan } = insideOf(app) ?? {}
  assert.equal([...(plan?.routes.keys() ?? [])].sort(), ['$cancel', '$ping', '$task', 'echo', 'hello', 'report'])
  assert.equal([...(plan ? tasksOf(plan) : []).keys()], ['report', 'echo'])
})

test('its settings have defaults: three attempts, a day, and on without its client', () => {
  const { queue } = shelf()
  const app = quietly()
    .store(memory())
    .task('report', Report, { queue }, () => {})
    .build()
  const { plan } = insideOf(app) ?? {}
  const { attempts, keepMs, onDisconnect } = (plan && tasksOf(plan).get('report')) ?? {}
  assert.equal({ attempts, keepMs, onDisconnect }, { attempts: 3, keepMs: 86_400_000, onDisconnect: 'continue' })
})

test('a chain that branches has tasks of its own in each branch', () => {
  const { queue } = shelf()
  const trunk = quietly()
    .store(memory())
    .task('report', Report, { queue }, () => {})
  const namesOf = (app: unknown) => {
    const { plan } = insideOf(app) ?? {}
    return plan && [...tasksOf(plan).keys()]
  }
  const branch = trunk.task('echo', Report, { queue }, () => {}).build()
  assert.equal(namesOf(branch), ['report', 'echo'])
  assert.equal(namesOf(trunk.build()), ['report'])
})

test('middleware of the route runs before the task begins, and may refuse it', async () => {
  const line = wire()
  const { queue, jobs } = shelf()
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .task(
      'report',
      route({
        input: Report,
        use: async ({ phase }, next) => {
          if (phase === 'message') throw new InvalidArgumentError('No reports today.')
          return next()
        },
      }),
      { queue },
      () => {},
    )
    .build()
  const ann = peer(app, line)
  await ann.connect()
  const { frames } = await ann.send({ action: 'report', id: '1', data: { pages: 1 } })
  assert.equal(frames, [
    { action: 'report', id: '1', error: { code: 'INVALID_ARGUMENT', message: 'No reports today.' } },
  ])
  assert.equal(jobs, [])
})

test('the schema of the reply is that of the result, and does not see the id of the task', async () => {
  const line = wire()
  const { queue, jobs } = shelf()
  const app = ws({ gateway: line.gateway, warn: () => {} })
    .store(memory())
    .onConnect(() => accept())
    .task('report', route({ input: Report, reply: v.string() }), { queue }, () => 'done')
    .build()
  const ann = peer(app, line)
  await ann.connect()
  const { frames } = await ann.send({ action: 'report', id: '1', data: { pages: 1 } })
  assert.match(toldBy(frames[0]).taskId, UUID)
  assert.is(jobs.length, 1)
})

test('a task without a store, or with one that keeps no texts, is refused', () => {
  const { queue } = shelf()
  const bare = quietly() as unknown as ReturnType<typeof stored>
  assert.is(
    refused(() => bare.task('report', Report, { queue }, () => {}).build()),
    "TypeError: Tasks need a store. Declare one with .store(). (the task 'report')",
  )
  const { records, memberships } = memory()
  assert.is(
    refused(() =>
      quietly()
        .store(storeOf({ records, memberships }))
        .task('report', Report, { queue }, () => {})
        .build(),
    ),
    "TypeError: Tasks need a store that keeps texts. (blobs of .store(), for the task 'report')",
  )
})
const stored = () => ws().store(memory())

test('a queue that is none is refused', () => {
  assert.is(withOptions({ queue: undefined }), 'TypeError: A queue is missing in .task().')
  assert.is(withOptions({ queue: { send: () => {} } }), 'TypeError: A queue is missing in .task().')
})

test('options that are none are refused, each in a sentence', () => {
  const missing = (what: string, where: string) => `TypeError: ${what} is missing in the task 'report'${where}.`
  for (const attempts of [0, -1, 1.5, 1_001, '3', Number.NaN])
    assert.is(withOptions({ attempts }), missing('A whole number from 1 to 1000', ': attempts'), String(attempts))
  for (const keepMs of [0, -1, Number.POSITIVE_INFINITY, '60'])
    assert.is(withOptions({ keepMs }), missing('A number of milliseconds above 0', ': keepMs'), String(keepMs))
  assert.is(withOptions({ onDisconnect: 'stop' }), missing("'continue' or 'cancel'", ': onDisconnect'))
  assert.is(withOptions({ ended: 'ended' }), missing('A function', ': ended'))
  assert.is(
    withOptions({ retries: 3 }),
    "TypeError: .task() has no such option. ('retries' in the task 'report', which has queue, attempts, keepMs, onDisconnect, ended)",
  )
})

test('a function that is none, and a schema that is none, are refused', () => {
  assert.is(withOptions({}, Report, 'run'), "TypeError: A function is missing in the task 'report'.")
  assert.match(withOptions({}, {}), /^TypeError: A schema is missing in the route 'report'/)
  assert.is(
    withOptions({}, { '~route': { input: Report, reply: {} } }),
    "TypeError: A schema is missing in the task 'report': reply.",
  )
  assert.match(withOptions({}, { '~route': { input: Report, inputs: 1 } }), /^TypeError: route\(\) has no such option/)
})

test('progress in route() is refused, since a task has its own', () => {
  assert.is(
    withOptions({}, route({ input: Report, progress: v.number() })),
    "TypeError: A task says how far it is by progress(fraction, note), whose shape is given: leave progress out of route(). (the task 'report')",
  )
})

test('ended without an internal event of a machine is refused', () => {
  const sentence =
    "TypeError: No event is internal. List it: .protocol(machine, { internal: [...] }). (the task 'report': ended)"
  const ended = () => ({ type: 'ended' })
  assert.is(withOptions({ ended }), sentence)
  const ordered = quietly().store(memory()).protocol(one)
  assert.is(
    refused(() => {
      const chain = ordered.task('report', Report, { queue: shelf().queue, ended: ended as never }, () => {})
      // Which the types refuse, too.
      const { build } = chain as unknown as { readonly build: () => unknown }
      build()
    }),
    sentence,
  )
})

test('tasks() refuses what is no function, and options that it has not', () => {
  const needed = (where: string) => `TypeError: A function is missing in tasks(): ${where}.`
  assert.is(
    refused(() => tasks(undefined as never)),
    'TypeError: An object is missing in tasks().',
  )
  assert.is(
    refused(() => tasks({ send: 'sqs' as never })),
    needed('send'),
  )
  assert.is(
    refused(() => tasks({ send: async () => {}, hold: 60 as never })),
    needed('hold'),
  )
  assert.match(
    refused(() => tasks({ send: async () => {}, delay: 1 } as never)),
    /tasks\(\) has no such option/,
  )
})

test.run()
