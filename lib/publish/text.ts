import { ResourceExhaustedError } from '../errors.ts'
import { need } from '../mistakes.ts'

/** Whether it is a text, not empty, of characters that SQS takes (its message quotas): those of XML 1.0. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !REFUSED.test(value)

/** A half of a surrogate pair counts as a character of its own here. */
const REFUSED = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

/** As JSON, of characters that every SQS takes: AWS refuses the last two (its SendMessage), and emulators any surrogate. */
export const plainJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\ud800-\udfff\ufffe\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16)}`)

/** Refuse what is too large for a service. */
export const needRoom = (bytes: number, maxBytes: number, service: string): void => {
  if (bytes > maxBytes)
    throw new ResourceExhaustedError(
      `The event takes ${bytes} bytes, and ${service} takes ${maxBytes}. Keep what is large in S3, and publish where it is.`,
      { details: { bytes, maxBytes } },
    )
}

/** Refuse an option that is no number of bytes which the service could take. */
export const needBytes = (bytes: number, most: number, where: string): void =>
  need(Number.isSafeInteger(bytes) && bytes > 0 && bytes <= most, `A whole number of bytes, from 1 to ${most},`, where)
