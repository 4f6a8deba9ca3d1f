import { mistake, need, needFunctions, needKeys } from '../../mistakes.ts'
import type { ClientCodec } from '../codec.ts'

/** Refuse what is no codec. */
export const needCodec = (where: string, codec: ClientCodec): void => {
  needFunctions(`${where}(codec)`, codec, ['write', 'read'])
  need(typeof codec.subprotocol === 'string' && codec.subprotocol !== '', 'A subprotocol', `${where}(codec)`)
}

/** Refuse a codec that cuts frames: only what comes out of it can leave as it is. */
export const needWhole = (codec: ClientCodec, sentence: string, where: string): void => {
  if (codec.subprotocol.split('.').includes('chunk')) throw mistake(sentence, where)
}

/** Refuse options that are none. All but those of `others` are positive whole numbers. */
export const needOptions = (where: string, options: object, numbers: object, others: readonly string[]): void => {
  needKeys(`${where}()`, options, [...Object.keys(numbers), ...others])
  for (const [name, value] of Object.entries(numbers))
    need(Number.isSafeInteger(value) && value > 0, 'A positive whole number', `${where}({ ${name} })`)
}
