import type { Rule } from '../../lib/local/rule.ts'
import { CLOSES, ERROR_FRAMES, HANDSHAKE, LIMITS } from '../../lib/local/rules.ts'
import { CONNECTION_ID, MANAGEMENT, SIGNATURE } from '../../lib/local/rules-connections.ts'
import { ANSWER_KEYS, ANSWERS, AUTHORIZER, EVENTS, ROUTES } from '../../lib/local/rules-events.ts'
import { FRAMES } from '../../lib/local/rules-frames.ts'

const { lambdaTimeoutMs: _, drainMs: __, drainNoticeMs: ___, ...limits } = LIMITS

/** Every rule of AWS, by its name, in the order in which a connection meets them. */
export const RULES: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries({
    handshake: HANDSHAKE,
    authorizer: AUTHORIZER,
    event: { ...EVENTS, connectionId: CONNECTION_ID },
    route: ROUTES,
    answer: { ...ANSWERS, keys: ANSWER_KEYS },
    'error frame': ERROR_FRAMES,
    frame: FRAMES,
    limit: limits,
    close: CLOSES,
    '@connections': MANAGEMENT,
    signature: SIGNATURE,
  }).flatMap(([group, rules]) => Object.entries(rules).map(([name, rule]) => [`${group} ${name}`, rule])),
)

/** The table of the README. */
export const table = (): string =>
  ['| rule | AWS | ours | source |', '|---|---|---|---|', ...Object.entries(RULES).map(row)].join('\n')

const row = ([name, { aws, ours = 'the same', source, confidence }]: [string, Rule]) =>
  `| ${words(name)} | ${aws} | ${ours} | ${source.startsWith('http') ? `[${confidence}](${source})` : confidence} |`

const words = (name: string) =>
  name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/ (ms|bytes)$/, '')

if (process.argv[1] === import.meta.filename) console.log(table())
