import { CAPTURES, QUOTAS, rule } from './rule.ts'
import { LIMITS } from './rules.ts'

const CLOSE_NUMBERS = 'https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1'

/** Frames below messages. */
export const FRAMES = {
  pong: rule(
    true,
    'unknown',
    QUOTAS,
    'Whether a ping of a client is answered is not known.',
    'with a pong; it is no message, and keeps no connection alive',
  ),
  neverPings: rule(
    true,
    'claimed',
    'https://github.com/andyrichardson/subscriptionless/issues/3',
    'The service never pings.',
  ),
  sentBytes: rule(
    LIMITS.frameBytes.value,
    'inferred',
    QUOTAS,
    'What is too large for one frame reaches the client in frames of 32 KB.',
  ),
  perMessage: rule(
    16 * 1024,
    'unknown',
    QUOTAS,
    'In how many frames a message may come is not known.',
    '16,384; one more closes with 1009',
  ),
  malformed: rule(
    [1002, ''],
    'unknown',
    CLOSE_NUMBERS,
    'What becomes of a frame that breaks the protocol is not known.',
    'the connection is closed with 1002',
  ),
  notUtf8: rule(
    [1007, ''],
    'unknown',
    CLOSE_NUMBERS,
    'What becomes of text that is not UTF-8 is not known.',
    'the connection is closed with 1007',
  ),
  ownCode: rule(
    true,
    'inferred',
    CAPTURES,
    'The code and the reason with which a client closes are those that `$disconnect` reads.',
  ),
} as const
