import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

/** Put colour on a text, where there is to be any. */
export type Paint = (style: Style, text: string) => string

export const painter = (isColoured: boolean): Paint =>
  isColoured ? (style, text) => (text === '' ? text : coloured(style, text)) : (_, text) => text

/** https://no-color.org and https://force-color.org; of both the one who forces wins, as in Node. */
export const wantsColour = ({ isTTY }: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean => {
  const { FORCE_COLOR, NO_COLOR, TERM } = env
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTTY === true && !NO_COLOR && TERM !== 'dumb'
}

/** Newer versions of Node look at stdout first, which is not where this goes: an option that older types do not know. */
const coloured: (style: Style, text: string, options?: object) => string = (style, text) =>
  (styleText as (style: Style, text: string, options: object) => string)(style, text, { validateStream: false })
