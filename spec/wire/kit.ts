import { type Codec, InvalidArgumentError } from 'ws-interlock'
import { json } from '../../lib/wire/json.ts'

/** Frames in pieces of so many characters: `<`, and a piece; the last one begins with `>`. */
export const pieces = (length: number, maxBytes = 500_000): Codec => ({
  ...json(),
  subprotocol: 'pieces',
  carry: async (frame, post) => {
    const texts = frame.match(new RegExp(`.{1,${length}}`, 'gs')) ?? []
    const last = texts.pop() ?? ''
    for (const text of texts) {
      const outcome = await post(`<${text}`)
      if (outcome.outcome !== 'delivered') return outcome
    }
    return post(`>${last}`)
  },
  maxBytes,
})

/** What was cut by `pieces`. */
export const whole = (texts: readonly unknown[]): unknown[] =>
  texts
    .map(String)
    .map((text) => (text.startsWith('>') ? `${text.slice(1)}\n` : text.slice(1)))
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text))

/** What peers say is written backwards, if it begins with a `~`. */
export const backwards = (isLate = false): Codec => ({
  ...json(),
  open: (text) => {
    if (!text.startsWith('~')) return text
    if (text === '~?') throw new InvalidArgumentError('It has no end to begin with.')
    const meant = [...text.slice(1)].reverse().join('')
    return isLate ? Promise.resolve(meant) : meant
  },
})

/** The same, as a peer writes it. */
export const turned = (body: unknown): string => `~${[...JSON.stringify(body)].reverse().join('')}`
