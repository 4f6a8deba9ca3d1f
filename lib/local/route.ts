/** Which deployed route a message belongs to; `undefined` where there is none and no `$default`. */
export const selectRoute = (expression: string, routes: readonly string[], body: string): string | undefined => {
  const wanted = evaluate(expression, body)
  // Whether a client's word can name a lifecycle route on AWS is not known; it would be a way around `$connect`.
  if (wanted !== undefined && wanted !== '$connect' && wanted !== '$disconnect' && routes.includes(wanted))
    return wanted
  return routes.includes('$default') ? '$default' : undefined
}

/**
 * The value of a selection expression; `undefined` where the body is not the JSON that it needs.
 * See "Selection expressions" in the developer guide: `$a.b`, `${a.b}`, static text, `\$` for a plain dollar sign.
 */
export const evaluate = (expression: string, body: string): string | undefined => {
  let document: unknown
  if (VARIABLE.test(expression.replaceAll('\\$', ''))) {
    try {
      document = JSON.parse(body)
    } catch {
      return undefined
    }
  }
  return expression.replace(PART, (_, escaped, braced, plain) => (escaped ? '$' : resolve(braced ?? plain, document)))
}

// A hyphen belongs to a bare name: AWS documents `$request.header.x-api-key`.
const NAME = String.raw`[\w-]+(?:\.[\w*-]+|\[[^\]]*\])*`
const VARIABLE = new RegExp(String.raw`\$\{[^}]*\}|\$${NAME}`)
const PART = new RegExp(String.raw`(\\\$)|\$\{([^}]*)\}|\$(${NAME})`, 'g')
const BODY = /^request\.body(?=[.[]|$)/

// Only the body is documented for routes. Whatever else is named has no value, like a path that is not there.
const resolve = (variable: string, document: unknown): string =>
  BODY.test(variable) ? stringify(follow(document, stepsOf(variable.replace(BODY, '')))) : ''

/** `.a.b[0]['c'].*`: the part of JSONPath that names single members, and the wildcard. */
const stepsOf = (path: string): string[] =>
  [...path.matchAll(/\.?(?:\[\s*(?:'([^']*)'|"([^"]*)"|(\d+|\*))\s*\]|([^.[\]]+))/g)].map(
    ([, single, double, index, name]) => single ?? double ?? index ?? name ?? '',
  )

const follow = (document: unknown, steps: readonly string[]): unknown => {
  let found: unknown = document
  for (const [index, step] of steps.entries()) {
    if (typeof found !== 'object' || found === null) return undefined
    if (step === '*') return Object.values(found).map((each) => follow(each, steps.slice(index + 1)))
    found = Object.hasOwn(found, step) ? Reflect.get(found, step) : undefined
  }
  return found
}

// Arrays are documented as `[item1, item2]`. How an object or null is written is not; neither makes a useful route key.
const stringify = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return `[${value.map(stringify).join(', ')}]`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
