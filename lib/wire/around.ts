import { needFunctions } from '../mistakes.ts'
import type { Codec } from './codec.ts'

/** What a codec around another one makes of what goes through it. */
interface Changes {
  readonly name: string
  readonly required?: boolean
  /** Of the data of replies, pushes and steps, before they are written. @default as it is */
  readonly data?: (data: unknown) => unknown
  /** Of each frame, once it is written. @default as it is */
  readonly text?: (text: string) => string
}

/**
 * A codec around another one, under whose name its own is put. What it does not change is done by the one inside.
 *
 * Throws a TypeError for what is no codec.
 */
export const around = (inner: Codec, { name, required, data = same, text = same }: Changes): Codec => {
  const { open, carry, progress, keeps, maxBytes } = inner
  return {
    read: (body) => inner.read(body),
    reply: (frame, value) => ifAny(inner.reply(frame, data(value)), text),
    error: (frame, error) => ifAny(inner.error(frame, error), text),
    push: (event, value, id) => text(inner.push(event, data(value), id)),
    ...(progress && { progress: (frame, value) => text(progress.call(inner, frame, data(value))) }),
    subprotocol: `${inner.subprotocol ?? 'ws-interlock'}.${name}`,
    required: required === true || inner.required === true,
    ...(open && { open: (given, from) => open.call(inner, given, from) }),
    ...(carry && { carry: (frame, post) => carry.call(inner, frame, post) as never }),
    ...(keeps !== undefined && { keeps }),
    ...(maxBytes !== undefined && { maxBytes }),
  }
}

/** Refuse what is no codec. */
export const needCodec = (where: string, codec: unknown): void =>
  needFunctions(`${where}(codec)`, codec, ['read', 'reply', 'error', 'push'])

const same = <Value>(value: Value): Value => value
const ifAny = (frame: string | undefined, text: (text: string) => string) => (frame === undefined ? frame : text(frame))
