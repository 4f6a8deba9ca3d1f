import { need, needFunctions, needKeys } from '../mistakes.ts'
import type { Limits, Options, Warning } from '../types/options.ts'
import { json } from '../wire/json.ts'

/** Complete what `ws()` was given, and refuse what the types would have refused. */
export const settingsOf = (options: Options) => {
  needKeys('ws()', options, OPTIONS)
  const { codec = json(), replies = 'post', routeBy = 'message', random = Math.random, warn = say } = options
  const { gateway, endpoint, fanout, limits = {}, clock = Date } = options
  const { now, wait = sleep }: typeof clock & { readonly wait?: typeof sleep } = Object(clock)
  needFunctions('ws()', { warn, random })
  needFunctions('ws({ clock })', { now, wait })
  needFunctions('ws({ codec })', codec, ['read', 'reply', 'error', 'push'])
  for (const [name, type] of Object.entries(CODEC))
    need([type, 'undefined'].includes(typeof Reflect.get(codec, name)), `A ${type}`, `ws({ codec }): ${name}`)
  if (gateway !== undefined) needFunctions('ws({ gateway })', gateway, ['post', 'close', 'info'])
  if (endpoint !== undefined)
    need(
      Object(endpoint) !== endpoint && /^https?:/i.test(endpoint) && URL.canParse(endpoint),
      'An https:// URL',
      'ws({ endpoint })',
    )
  need(['post', 'route-response'].includes(replies), "'post' or 'route-response'", 'ws({ replies })')
  need(['message', 'routeKey'].includes(routeBy), "'message' or 'routeKey'", 'ws({ routeBy })')
  needKeys('ws({ limits })', limits, Object.keys(LIMITS))
  for (const [name, value] of Object.entries(limits))
    need(Number.isInteger(value) && value > 0, 'A positive whole number', `ws({ limits }): ${name}`)
  return { codec, fanout, replies, routeBy, random, warn, clock: { now, wait }, limits: { ...LIMITS, ...limits } }
}

const OPTIONS = ['replies', 'routeBy', 'gateway', 'endpoint', 'codec', 'fanout', 'limits', 'warn', 'clock', 'random']

/** What a codec may have besides. */
const CODEC = {
  open: 'function',
  carry: 'function',
  progress: 'function',
  subprotocol: 'string',
  required: 'boolean',
  keeps: 'boolean',
  maxBytes: 'number',
}

/** 128 KB is what API Gateway carries (WebSocket API quotas); the rest is ours, far above what a message needs. */
const LIMITS: Limits = { maxBytes: 128 * 1024, maxDepth: 64, maxKeys: 1_000 }

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
const say = ({ code, message, fix }: Warning) => console.warn(`ws-interlock ${code}: ${message} ${fix}`)
