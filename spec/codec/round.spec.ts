import fc from 'fast-check'
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { anyJson, noise, PAIRS, talk } from './kit.ts'

const test = suite('codecs, there and back')

/** A reply of JSON-RPC has a result always. */
const nothing = (name: string) => (name.includes('jsonRpc') ? { data: null } : {})

/** Data that has the names of the wire in it, or looks like its frames. */
const ODD = [
  {},
  [],
  null,
  '',
  0,
  [{}],
  { data: 1 },
  { data: null, room: 'lobby' },
  { action: 'say', id: '9' },
  { id: 5 },
  { error: { code: 'INTERNAL', message: '' } },
  { event: 'said' },
  { progress: 1 },
  { dep: 3 },
  { $data: { $data: 1 } },
  { z: 'AAAA', n: 3 },
  { chunk: '0.0123456789abcdef', at: 0, of: 2, data: 'x' },
  { $bytes: 'AAAA', more: 1 },
  { method: 'echo', params: [], jsonrpc: '2.0', result: 1 },
  'x'.repeat(2_000),
]

for (const [name, make] of Object.entries(PAIRS)) {
  test(`${name}: any JSON comes back as it went, in a reply, a push and a step`, async () => {
    const { ask, gateway } = await talk(make())
    const check = async (data: unknown) => {
      const [reply] = await ask('echo', data)
      equal(reply?.data, data)
      const [push] = await ask('say', data)
      is(push?.event, 'said')
      equal(push?.data, data)
      const [step] = await ask('step', data)
      equal(step?.progress, data)
    }
    for (const data of ODD) await check(data)
    await fc.assert(fc.asyncProperty(anyJson, check), { numRuns: 40 })
    await gateway.close()
  })

  test(`${name}: no data is no data, and a refusal has its code, its details and its wait`, async () => {
    const { ask, gateway } = await talk(make())
    const [{ action: _, ...reply } = {}] = await ask('echo')
    equal(reply, { id: '1', ...nothing(name) })
    const [{ error } = {}] = await ask('refuse')
    equal(error, { code: 'PERMISSION_DENIED', message: 'Not you.', details: { why: 'é' }, retryAfterMs: 5 })
    is((await ask('strict', { room: 5 })).at(-1)?.error?.code, 'INVALID_ARGUMENT')
    is((await ask('nowhere')).at(-1)?.error?.code, 'UNIMPLEMENTED')
    is((await ask('break')).at(-1)?.error?.code, 'INTERNAL')
    await gateway.close()
  })

  if (name.startsWith('chunk'))
    test(`${name}: what is larger than a frame goes and comes, whatever it is made of`, async () => {
      const { ask, gateway, line } = await talk(make())
      for (const data of [
        noise(60_000),
        noise(180_000, '"'),
        { text: noise(100_000, '\u0001€') },
        '😀'.repeat(40_000),
      ]) {
        equal((await ask('echo', data)).at(-1)?.data, data)
        const [push] = await ask('say', data)
        equal(push?.data, data)
      }
      is(line.closed, undefined)
      await gateway.close()
    })
}

test.run()
