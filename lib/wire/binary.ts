import { InvalidArgumentError } from '../errors.ts'
import { around, needCodec } from './around.ts'
import { NO_BYTES, unwrapBytes, wrapBytes } from './binary-walk.ts'
import type { Codec } from './codec.ts'
import { json } from './json.ts'

/**
 * Bytes in messages, both ways: a `Uint8Array` or an `ArrayBuffer` anywhere in the data travels as
 * `{ "$bytes": "<base64>" }` and is a `Uint8Array` at the other end. API Gateway takes no binary frames: it closes a
 * connection that sends one with 1003.
 *
 * ```ts
 * ws({ codec: binary() }).on('upload', v.object({ name: v.string(), file: v.instance(Uint8Array) }), …)
 * ```
 *
 * - Base64 is a third longer than the bytes. Around another codec: `binary(flat())`.
 * - An object with `$bytes` and more is left alone. With `$bytes` alone and no Base64 in it, a message is refused.
 * - Bytes in an error's details, and in the context of a machine, which is stored as JSON, are not looked for.
 *
 * Throws a TypeError for what is no codec.
 */
export const binary = (inner: Codec = json()): Codec => {
  needCodec('binary', inner)
  return {
    ...around(inner, { name: 'binary', data: (data) => wrapBytes(data, base64Of) }),
    read: (body) => {
      const { action, id, dep, data } = inner.read(body)
      return { action, id, dep, data: unwrapBytes(data, bytesOf) }
    },
  }
}

const base64Of = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

const bytesOf = (base64: unknown): Uint8Array => {
  const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined
  // Buffer skips what is not Base64; only a text that comes back the same was valid.
  if (!bytes || bytes.toString('base64') !== base64) throw new InvalidArgumentError(NO_BYTES)
  // A copy, for a Buffer is a window into memory that it shares.
  return new Uint8Array(bytes)
}
