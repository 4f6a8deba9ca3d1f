import { InvalidArgumentError } from '../errors.ts'

/** The text of a message that came as bytes. Loaded with the first of them. */
export const decode = (body: string): string => {
  const bytes = Buffer.from(body, 'base64')
  // Buffer skips what is not Base64 and stops at the padding; only a text that comes back the same was valid.
  if (bytes.toString('base64') !== body) throw new InvalidArgumentError('The message is not valid Base64.')
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new InvalidArgumentError('The message is not valid UTF-8.')
  }
}
