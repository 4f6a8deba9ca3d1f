import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { RULES, table } from '../kit/rules-table.ts'

const test = suite('the rules of the local gateway')
const ROOT = resolve(import.meta.dirname, '../..')

/** Which claim shows a rule over real sockets: words out of its sentence. */
const CLAIMS: Readonly<Record<string, string>> = {
  'handshake status': 'is the status of the handshake, and no $disconnect follows',
  'handshake broken': 'a $connect that throws makes the handshake fail with 502',
  'handshake timeout': 'takes longer than the integration timeout makes the handshake fail with 504',
  'handshake unknownPath': 'an unknown stage or path is answered 403 and nothing is invoked',
  'handshake urlTooLong': 'a URL of 4,096 characters is taken, and one more is answered 414',
  'handshake throttled': 'connectsPerSecond: more new connections in a second are refused with 429',
  'handshake noUpgrade': 'a plain GET of the stage is answered 426',
  'handshake malformed': 'headers that are too large are answered 431, and nothing is invoked',
  'handshake body': 'a refused client reads nothing of what $connect returned as a body',
  'handshake subprotocolOnlyFromLambda': 'only the subprotocol that the Lambda returns is echoed',
  'handshake otherHeadersDropped': 'other headers of the Lambda and compression do not reach the client',
  'handshake openWithoutConnectRoute': 'without a deployed $connect the door is open',
  'handshake noFarewellForRefused': 'is the status of the handshake, and no $disconnect follows',
  'handshake compression': 'other headers of the Lambda and compression do not reach the client',
  'authorizer unauthorized': ', and neither $connect nor $disconnect runs',
  'authorizer missingSource': ', and neither $connect nor $disconnect runs',
  'authorizer denied': ', and neither $connect nor $disconnect runs',
  'authorizer broken': ', and neither $connect nor $disconnect runs',
  'authorizer timeout': 'an authorizer that takes longer than the integration timeout is 500',
  'authorizer event': 'an authorizer is asked about the connection that $connect is then told of',
  'authorizer wildcards': 'a policy with wildcards lets in whom they reach',
  'authorizer resultBytes': 'a result of the authorizer of 8 KB lets in, and of one byte more is 500',
  'authorizer contextAsText': 'each event of it carries what the authorizer said, as text',
  'authorizer onEveryEvent': 'each event of it carries what the authorizer said, as text',
  'authorizer cached': 'the authorizer is asked for each connection, the same peer or not',
  'event keys': 'the event has the keys, the ids and the host of a real one',
  'event headers': 'the event has the keys, the ids and the host of a real one',
  'event query': 'without a query the event has no key for one',
  'event farewellHeaders': 'the event has the four headers of a real one and no query',
  'event userAgent': 'a client that does not say what it is has an address and no user agent',
  'event stageVariables': 'stage variables are on each event, and where there are none there is no key',
  'event requestId': 'the event has the keys, the ids and the host of a real one',
  'event headersOnConnectOnly': 'a message has the shape of a real one',
  'event domainName': 'makes the domain name',
  'event parallel': 'messages of one connection are handled in parallel',
  'event farewell': 'a $disconnect that throws does no harm',
  'event notRetried': 'a function that fails is not called again',
  'event connectionId': 'the event has the keys, the ids and the host of a real one',
  'route expression': 'arrays are written as in the guide',
  'route fallback': 'what is not JSON',
  'route empty': 'null is no route',
  'route emptyMessage': 'an empty message',
  'route twice': 'of a key that is there twice the last counts',
  'route reserved': "routes must be a list of route keys; '$' begins only",
  'route lifecycle': 'lifecycle routes cannot be reached',
  'answer dropped': 'a returned body is dropped without a route response',
  'answer routeResponse': 'with a route response the body is sent, whatever the status',
  'answer failed': 'a status of 500 sends nothing by itself',
  'answer noBody': 'with a route response and no body nothing is sent',
  'answer emptyBody': 'with a route response an empty body is an empty message',
  'answer base64': 'with a route response a body in Base64 is sent as it is',
  'answer late': 'a timeout is told to the client while the handler runs on',
  'answer keys': 'sends the error frame (route response',
  'error frame broken': 'sends the error frame, and the connection stays open',
  'error frame timeout': 'a timeout is told to the client while the handler runs on',
  'error frame noRoute': 'no route and no $default send the Forbidden frame, and nothing is invoked',
  'error frame throttled': 'requestsPerSecond: a message too many is answered with an error frame',
  'frame pong': 'a ping is answered with a pong, and is no message',
  'frame neverPings': 'the service never pings',
  'frame sentBytes': 'a long body reaches the client in frames of 32 KB',
  'frame perMessage': 'a message in 16,384 frames is taken, and one of more closes the connection with 1009',
  'frame malformed': 'closes the connection with 1002, and $disconnect reads it',
  'frame notUtf8': 'invalid UTF-8 and broken frames close the connection and are told to $disconnect',
  'frame ownCode': 'closes with a code and a reason of its own',
  'limit frameBytes': 'a frame above 32 KB closes the connection with 1009 and is not handled',
  'limit messageBytes': 'a message above 128 KB in good frames closes the connection with 1009',
  'limit idleMs': 'a connection without a message for ten minutes is closed with 1001 "Going away"',
  'limit maxAgeMs': 'a connection of two hours is closed with 1001, however busy',
  'limit stageCharacters': 'a stage of 128 characters and an API mapping of 300 are taken',
  'limit mappingKeyCharacters': 'a stage of 128 characters and an API mapping of 300 are taken',
  'limit urlCharacters': 'a URL of 4,096 characters is taken, and one more is answered 414',
  'limit integrationTimeoutMs': 'a timeout is told to the client while the handler runs on',
  'limit connectsPerSecond': 'connectsPerSecond: more new connections in a second are refused with 429',
  'limit requestsPerSecond': 'requestsPerSecond: a message too many is answered with an error frame',
  'limit requestsBurst': 'requestsPerSecond: half as many may come at once',
  'limit unreadBytes': 'a client that never reads is lost once 16 MB wait for it',
  'close idle': 'a connection without a message for ten minutes is closed with 1001 "Going away"',
  'close maxAge': 'a connection of two hours is closed with 1001, however busy',
  'close deleted': 'DELETE answers 204, closes with 1000 and tells $disconnect',
  'close binary': 'a binary frame closes the connection with 1003 and is not handled',
  'close tooBig': 'a frame above 32 KB closes the connection with 1009 and is not handled',
  'close tooMany': 'messagesPerSecond: a client that sends one too many is disconnected with 1008',
  'close lost': 'a client that is killed without a word ends its connection',
  'close noCode': "', once`, async",
  'close stopped': 'closing the gateway closes connections with 1001 and delivers $disconnect',
  '@connections paths': '@ and =, plain or encoded, name the same connection',
  '@connections posted': 'POST sends a text frame and answers 200 with an empty body',
  '@connections accepted': 'a client that vanishes is not missed: posts succeed until the idle time is over',
  '@connections notUtf8': 'of a body that is not UTF-8 the client reads U+FFFD where it is none',
  '@connections info': 'GET tells who is connected and since when, in camel case',
  '@connections deleted': 'DELETE answers 204, closes with 1000 and tells $disconnect',
  '@connections gone': ' to a connection that is gone, or never was, answers 410 with an empty body',
  '@connections early': 'a post to the connection during $connect is answered 410',
  '@connections badId': ' with a malformed id answers 400',
  '@connections forbidden': ' to another stage or path answers 403',
  '@connections method': 'another method answers 403',
  '@connections tooLarge': 'a body of 128 KB is taken, and one byte more answers 413',
  '@connections throttled': 'requestsPerSecond: a message too many is answered with an error frame',
  'signature missing': 'over HTTP an unsigned call is refused',
  'signature incomplete': 'a signature that lacks a part is refused with 403 IncompleteSignatureException',
  'signature unknown': 'a signature by keys that nobody knows is refused with 403 UnrecognizedClientException',
  'signature invalid': 'and refused with a wrong one',
}

const specs = readdirSync(join(ROOT, 'spec/local'))
  .filter((name) => name.endsWith('.spec.ts') && name !== 'rules.spec.ts')
  .map((name) => readFileSync(join(ROOT, 'spec/local', name), 'utf8'))
  .join('\n')

test('every rule is shown by a spec, and no claim is of a rule that is none', () => {
  assert.equal(Object.keys(CLAIMS).sort(), Object.keys(RULES).sort())
  for (const [rule, claim] of Object.entries(CLAIMS)) assert.ok(specs.includes(claim), `${rule}: ${claim}`)
})

test('every rule says what AWS does, or what is done where nothing is known, and where that is written', () => {
  for (const [name, { aws, ours, source, confidence }] of Object.entries(RULES)) {
    assert.match(aws, /\.$/, name)
    assert.ok(confidence === 'ours' || source.startsWith('https://'), name)
    // Where nothing is known, something was chosen.
    if (confidence === 'unknown' || confidence === 'ours') assert.ok(ours, name)
  }
})

test('the table of the README is that of the rules', () => {
  assert.ok(
    readFileSync(join(ROOT, 'README.md'), 'utf8').includes(table()),
    `The README needs this table:\n\n${table()}`,
  )
})

test.run()
