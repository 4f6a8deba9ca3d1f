// biome-ignore-all lint/suspicious/noTemplateCurlyInString: selection expressions are written so.
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { closeAll, connect, local, ok } from '../kit/local.ts'

const test = suite('local routes')
test.after.each(closeAll)

const ROUTES = [
  '$connect',
  '$disconnect',
  '$default',
  'join',
  'chat/join',
  'join-',
  'action',
  '5',
  'true',
  'x-1',
  '[a, b]',
]
const guide = { service: 'chat', action: 'join', data: { room: 'room1234' } }

const cases: readonly (readonly [expression: string, body: unknown, routeKey: string, why?: string])[] = [
  ['$request.body.action', guide, 'join'],
  ['${request.body.action}', guide, 'join'],
  ['${request.body.service}/${request.body.action}', guide, 'chat/join'],
  ['$request.body.service/$request.body.action', guide, 'chat/join'],
  ['${request.body.action}-${request.body.invalidPath}', guide, 'join-', 'a missing path is empty'],
  ['action', guide, 'action', 'static text'],
  ['action', 'not JSON', 'action', 'static text needs no body'],
  ['\\$default', guide, '$default', 'an escaped dollar sign'],
  ['$request.body.x-name', { 'x-name': 'join' }, 'join', 'a hyphen belongs to the name'],
  ['$request.body.data.steps[1].name', { data: { steps: [{}, { name: 'join' }] } }, 'join'],
  ["${request.body['a key'].b}", { 'a key': { b: 'join' } }, 'join'],
  ['$request.body.names[*]', { names: ['a', 'b'] }, '[a, b]', 'arrays are written as in the guide'],
  ['$request.body.names', { names: ['a', 'b'] }, '[a, b]'],
  ['$request.body.action', { action: 5 }, '5', 'results are strings'],
  ['$request.body.action', { action: true }, 'true'],
  ['$request.body.action', { action: 'unknown' }, '$default'],
  ['$request.body.action', { action: null }, '$default', 'null is no route'],
  ['$request.body.action', { action: { join: 1 } }, '$default'],
  ['$request.body.action', {}, '$default'],
  [
    '$request.body.action',
    '{"action":"join","action":"action"}',
    'action',
    'of a key that is there twice the last counts',
  ],
  ['$request.body.action', 'not JSON', '$default', 'what is not JSON'],
  ['$request.body.action', '', '$default', 'an empty message'],
  ['$request.body.action', '5', '$default'],
  ['$request.body.action', 'null', '$default'],
  ['$request.body.action', '["join"]', '$default'],
  ['$request.body.constructor.name', {}, '$default', 'inherited members are no members'],
  ['$request.body.action', { action: '$connect' }, '$default', 'lifecycle routes cannot be reached'],
  ['$request.body.action', { action: '$disconnect' }, '$default', 'lifecycle routes cannot be reached'],
  ['$request.body.action', { action: '$default' }, '$default'],
]

for (const [expression, body, routeKey, why] of cases)
  test(`${expression} on ${JSON.stringify(body)} selects ${routeKey}${why ? `: ${why}` : ''}`, async () => {
    const gateway = await local(ok, { routes: ROUTES, routeSelectionExpression: expression })
    const client = await connect(gateway.url)
    client.send(body)
    const { requestContext } = await gateway.next('MESSAGE')
    assert.is(requestContext.routeKey, routeKey)
  })

test.run()
