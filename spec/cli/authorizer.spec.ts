import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { connect, knock } from '../kit/local.ts'
import { command, dev, tidyUp } from './command.ts'

const test = suite('ws-interlock dev: authorizer and signatures')
test.after.each(tidyUp)

const FILE = 'spec/cli/files/guarded.ts'

test('--authorizer asks an export of the file, and a refusal is a line with its reason', async () => {
  const { url, printed } = dev(FILE, ['--authorizer', 'auth', '--route-response'])
  const place = await url()
  assert.is((await knock(place)).status, 401)
  await printed('stderr', /[\w-]{6}… refused with 401: The authorizer says that the peer is not authorized\./)
  const client = await connect(`${place}?token=let-me-in`)
  client.send('who am I')
  assert.equal(JSON.parse(await client.next()), { principalId: 'ann', level: '3' })
  client.socket.terminate()
})

test('--identity-source refuses before the authorizer is asked', async () => {
  const source = 'route.request.querystring.token'
  const { url, printed } = dev(FILE, ['--authorizer', 'auth', '--identity-source', source])
  assert.is((await knock(await url())).status, 401)
  await printed(
    'stderr',
    /refused with 401: The authorizer was not asked: there is no route\.request\.querystring\.token\./,
  )
})

test('--verify-signature refuses an unsigned call, and says why on the log', async () => {
  const { url, printed } = dev(FILE, ['--verify-signature'])
  const endpoint = (await url()).replace('ws:', 'http:')
  const answer = await fetch(`${endpoint}/@connections/AAAAAAAAAAAAAAA%3D`, { method: 'POST', body: 'x' })
  assert.is(answer.status, 403)
  await printed('stderr', /AAAAAA… refused with 403: The request is not signed\./)
})

test('--authorizer names an export that is there', async () => {
  const { code, stderr } = await command(['dev', FILE, '--port', '0', '--authorizer', 'nope']).ended
  assert.is(code, 2)
  assert.match(stderr, "exports no function 'nope' for --authorizer.")
})

test.run()
