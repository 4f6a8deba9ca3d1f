import { suite } from 'uvu'
import { equal, is, throws } from 'uvu/assert'
import * as theirs from 'ws-interlock/client/codec'
import * as ours from 'ws-interlock/codec'
import { type Pair, talk } from './kit.ts'

const test = suite('jsonRpc()')

const pair = (): Pair => [ours.jsonRpc(), theirs.jsonRpc()]

/** What a request is answered by. */
const answers = async (...requests: readonly unknown[]) => {
  const { say, gateway, ran } = await talk(pair())
  const frames = await say(...requests)
  await gateway.close()
  return { frames, ran }
}

const rpc = (members: object) => ({ jsonrpc: '2.0', ...members })

for (const id of [7, 0, -1, 1.5, '7', 'a "b" \\ é', '', 'null'])
  test(`the id ${JSON.stringify(id)} comes back as it came, in results and in errors`, async () => {
    const { frames } = await answers(rpc({ id, method: 'echo', params: [1] }), rpc({ id, method: 'nowhere' }))
    equal(frames[0], rpc({ id, result: [1] }))
    is((frames[1] as { id?: unknown }).id, id)
  })

for (const given of [{}, { id: null }])
  test(`a notification (${JSON.stringify(given)}) is handled and never answered, nor are its errors`, async () => {
    const { frames, ran } = await answers(
      rpc({ ...given, method: 'echo', params: { a: 1 } }),
      rpc({ ...given, method: 'refuse' }),
      rpc({ ...given, method: 'strict', params: 5 }),
      rpc({ ...given, method: 'nowhere' }),
      rpc({ ...given, method: 'break' }),
    )
    equal(ran, [{ a: 1 }])
    equal(frames, [])
  })

test('each code has its number, and what it means stays beside it', async () => {
  const { frames } = await answers(
    rpc({ id: 1, method: 'strict', params: { room: 5 } }),
    rpc({ id: 2, method: 'nowhere' }),
    rpc({ id: 3, method: 'break' }),
    rpc({ id: 4, method: 'refuse' }),
  )
  const all = frames as { error: { code: number; message: string; data: { code: string } } }[]
  equal(
    all.map(({ error }) => [error.code, error.data.code]),
    [
      [-32_602, 'INVALID_ARGUMENT'],
      [-32_601, 'UNIMPLEMENTED'],
      [-32_603, 'INTERNAL'],
      [-32_007, 'PERMISSION_DENIED'],
    ],
  )
  equal(all[2]?.error.message, 'Internal error')
  equal(all[3]?.error, {
    code: -32_007,
    message: 'Not you.',
    data: { code: 'PERMISSION_DENIED', details: { why: 'é' }, retryAfterMs: 5 },
  })
})

for (const [request, id, number, words] of [
  ['no JSON', null, -32_700, 'JSON'],
  [[rpc({ id: 1, method: 'echo' })], null, -32_600, 'Batches'],
  ['[]', null, -32_600, 'Batches'],
  ['5', null, -32_600, 'JSON object'],
  [{ id: 1, method: 'echo' }, 1, -32_600, '"jsonrpc"'],
  [rpc({ id: 'a' }), 'a', -32_600, '"method"'],
  [rpc({ id: 1, method: 5 }), 1, -32_600, '"method"'],
  [rpc({ id: 1, method: 'm'.repeat(129) }), 1, -32_600, '"method"'],
  [rpc({ id: true, method: 'echo' }), null, -32_600, '"id"'],
  [rpc({ id: {}, method: 'echo' }), null, -32_600, '"id"'],
  [rpc({ id: 'i'.repeat(127), method: 'echo' }), null, -32_600, '"id"'],
  [rpc({ id: 1, method: 'echo', dep: -1 }), 1, -32_600, '"dep"'],
] as const)
  test(`${JSON.stringify(request).slice(0, 60)} is refused with ${number} and the id ${JSON.stringify(id)}`, async () => {
    const { frames, ran } = await answers(request)
    const [frame] = frames as { id: unknown; error: { code: number; message: string } }[]
    is(frame?.id, id)
    is(frame?.error.code, number)
    is(frame?.error.message.includes(words), true)
    equal(ran, [])
  })

test('pushes and steps are notifications, and what is no structure travels as $data', async () => {
  const { frames } = await answers(
    rpc({ method: 'say', params: { room: 'lobby' } }),
    rpc({ method: 'say', params: { $data: 5 } }),
    rpc({ id: 'a', method: 'step', params: [1] }),
  )
  equal(frames, [
    rpc({ method: 'said', params: { room: 'lobby' } }),
    rpc({ method: 'said', params: { $data: 5 } }),
    rpc({ method: '$progress', params: { id: 'a', data: [1] } }),
    rpc({ id: 'a', result: null }),
  ])
  is(ours.jsonRpc().push('said', [1], 'b1'), '{"jsonrpc":"2.0","method":"said","pushId":"b1","params":[1]}')
})

test('the client writes requests, and notifications where there is no id', () => {
  const { write } = theirs.jsonRpc()
  is(
    write({ action: 'send', id: '7', dep: 2, data: { a: 1 } }),
    '{"jsonrpc":"2.0","id":"7","method":"send","dep":2,"params":{"a":1}}',
  )
  is(write({ action: 'send', data: 'x' }), '{"jsonrpc":"2.0","method":"send","params":{"$data":"x"}}')
})

test('the client reads a server of another make, whose errors have a number only', () => {
  const { read } = theirs.jsonRpc()
  equal(read('{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"Method not found"}}'), {
    id: '7',
    error: { code: 'UNIMPLEMENTED', message: 'Method not found' },
  })
  for (const [number, code] of [
    [-32_700, 'INVALID_ARGUMENT'],
    [-32_600, 'INVALID_ARGUMENT'],
    [-32_009, 'FAILED_PRECONDITION'],
    [1, 'UNKNOWN'],
  ])
    equal(read(JSON.stringify(rpc({ id: null, error: { code: number, message: 'No.' } }))), {
      error: { code, message: 'No.' },
    })
  equal(read('{"jsonrpc":"2.0","method":"said","params":[1],"pushId":"b1"}'), { event: 'said', data: [1], id: 'b1' })
})

for (const text of ['no', '[]', '{}', '{"id":1,"result":1}', '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"2.0","error":5}'])
  test(`the client refuses ${text} in a sentence`, () => {
    throws(
      () => theirs.jsonRpc().read(text),
      (error: unknown) =>
        /^Error: A frame came that is (not? JSON|no JSON object|no JSON-RPC 2\.0): /.test(String(error)),
    )
  })

test.run()
