/** Finds the deployed route that a message belongs to; `undefined` where there is none and no `$default`. */
export type Selector = (body: string) => string | undefined

/** Compile a selection expression, once for all messages. */
export const routeSelector = (expression: string, routes: readonly string[]): Selector => {
  const evaluate = evaluator(expression)
  // Whether a client's word can name a lifecycle route on AWS is not known; it would be a way around `$connect`.
  const names = new Set(routes.filter((name) => name !== '$connect' && name !== '$disconnect'))
  const fallback = names.has('$default') ? '$default' : undefined
  // Whatever it says, there is nothing to choose from.
  if (names.size === 0 || (names.size === 1 && fallback)) return () => fallback
  return (body) => {
    const wanted = evaluate(body)
    return wanted !== undefined && names.has(wanted) ? wanted : fallback
  }
}

/**
 * Gives the value of a selection expression; `undefined` where the body is not the JSON that it needs.
 * See "Selection expressions" in the developer guide: `$a.b`, `${a.b}`, static text, `\$` for a plain dollar sign.
 */
export const evaluator = (expression: string): ((body: string) => string | undefined) => {
  const parts = partsOf(expression)
  const needsBody = parts.some((part) => typeof part !== 'string')
  return (body) => {
    let document: unknown
    if (needsBody) {
      try {
        document = JSON.parse(body)
      } catch {
        return undefined
      }
    }
    let value = ''
    for (const part of parts) value += typeof part === 'string' ? part : part(document)
    return value
  }
}

/**
 * Why a selection expression is none; `undefined` where it is one. Of a message there is nothing but its body, which has
 * neither headers nor a query, and for routes AWS documents `$request.body` alone.
 */
export const expressionProblem = (expression: string): string | undefined => {
  let from = 0
  for (const { 0: whole, 1: escaped, 2: braced, 3: plain, index } of expression.matchAll(PART)) {
    const stray = strayIn(expression.slice(from, index))
    if (stray !== undefined) return stray
    from = index + whole.length
    if (escaped) continue
    const name = braced ?? plain ?? ''
    if (!BODY.test(name)) return `of a message only $request.body is known, and no '${whole}'`
    // A path that goes on where a plain name ends is one that breaks off: there is no member after it.
    const rest = braced === undefined ? (/^[.[]/.exec(expression.slice(from))?.[0] ?? '') : ''
    if (!isPath(name.replace(BODY, '') + rest)) return `the path of '${whole}${rest}' breaks off`
  }
  return strayIn(expression.slice(from))
}

const strayIn = (text: string) => {
  const at = text.indexOf('$')
  if (at < 0) return undefined
  return text[at + 1] === '{'
    ? `the brace of '${text.slice(at)}' is not closed`
    : `after '${text.slice(at)}' there is no name; a dollar sign by itself is written \\$`
}

/** Whether each bracket is closed, and a name follows each dot. What else JSONPath has is not looked at. */
const isPath = (path: string) => /^(?:\.+[^.[\]]+|\[(?:'[^']*'|"[^"]*"|[^\]'"])+\])*$/.test(path)

type Part = string | ((document: unknown) => string)

/** Texts, and what is to be looked up between them. */
const partsOf = (expression: string): Part[] => {
  const parts: Part[] = []
  let from = 0
  for (const { 0: whole, 1: escaped, 2: braced, 3: plain, index } of expression.matchAll(PART)) {
    parts.push(expression.slice(from, index), escaped ? '$' : lookUp(braced ?? plain ?? ''))
    from = index + whole.length
  }
  return [...parts, expression.slice(from)].filter((part) => part !== '')
}

// A hyphen belongs to a bare name: AWS documents `$request.header.x-api-key`.
const NAME = String.raw`[\w-]+(?:\.[\w*-]+|\[[^\]]*\])*`
const PART = new RegExp(String.raw`(\\\$)|\$\{([^}]*)\}|\$(${NAME})`, 'g')
const BODY = /^request\.body(?=[.[]|$)/

// Only the body is documented for routes. Whatever else is named has no value, like a path that is not there.
const lookUp = (variable: string): ((document: unknown) => string) => {
  if (!BODY.test(variable)) return () => ''
  const steps = stepsOf(variable.replace(BODY, ''))
  return (document) => stringify(follow(document, steps))
}

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
