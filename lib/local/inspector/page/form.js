import { el } from './dom.js'

/**
 * A form for what a JSON Schema describes: `{ element, read }`. `read()` gives the value, `undefined` where it is left
 * out, and throws a sentence where a field of JSON holds none. Whatever has no field of its own is a field of JSON.
 */
export const formOf = (schema = {}, name = 'data') =>
  // What says nothing may be left out.
  field({
    schema,
    root: schema,
    name,
    isNeeded: Object.keys(schema).some((keyword) => keyword !== '$schema'),
    depth: 0,
  })

const field = (given) => {
  const schema = resolve(given.schema, given.root)
  const all = { ...given, schema, initial: given.initial ?? schema.default ?? schema.examples?.[0] }
  if (given.depth > MAX_DEPTH) return jsonField(all)
  return (fieldFor(schema) ?? jsonField)(all)
}

const MAX_DEPTH = 6

const fieldFor = (schema) => {
  if (Object.hasOwn(schema, 'const')) return constField
  if (Array.isArray(schema.enum)) return choiceField
  const options = schema.oneOf ?? schema.anyOf
  if (options) return options.every((one) => one.type === 'object' && one.properties) ? variantField : undefined
  if (schema.allOf || schema.not || schema.if) return undefined
  if (schema.type === 'object' && schema.properties) return objectField
  if (schema.type === 'array' && schema.items && !schema.prefixItems) return listField
  return { string: textField, number: numberField, integer: numberField, boolean: booleanField }[schema.type]
}

/** Follow a reference within the schema. */
const resolve = (schema, root, depth = 0) => {
  if (typeof schema !== 'object' || schema === null) return {}
  if (typeof schema.$ref !== 'string' || !schema.$ref.startsWith('#') || depth > MAX_DEPTH) return schema
  const steps = schema.$ref.slice(1).split('/').filter(Boolean)
  const found = steps.reduce((inner, step) => inner?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], root)
  return resolve(found, root, depth + 1)
}

let fields = 0

/** An input with its name, and with what is to be known of it: apart from the name, which is to be read first. */
const titled = ({ name, isNeeded }, input, hint) => {
  const id = `field-${++fields}`
  input.id = id
  const label = el('label', { for: id, class: isNeeded ? 'needed' : undefined }, name)
  if (!hint) return el('div', { class: 'field' }, label, input)
  input.setAttribute('aria-describedby', `${id}-hint`)
  return el('div', { class: 'field' }, label, input, el('span', { class: 'hint', id: `${id}-hint` }, hint))
}

const constField = ({ schema, name, isNeeded }) => ({
  element: titled({ name, isNeeded }, el('input', { value: show(schema.const), readonly: true })),
  read: () => schema.const,
})

const choiceField = (given) => {
  const { schema, isNeeded, initial } = given
  const select = el(
    'select',
    {},
    ...(isNeeded ? [] : [el('option', { value: '' }, '(left out)')]),
    ...schema.enum.map((value, at) => el('option', { value: at, selected: value === initial }, show(value))),
  )
  return {
    element: titled(given, select, schema.description),
    read: () => (select.value === '' ? undefined : schema.enum[Number(select.value)]),
  }
}

const textField = (given) => {
  const { schema, isNeeded, initial = '' } = given
  const { pattern, minLength, maxLength, format } = schema
  const input = el('input', {
    value: initial,
    required: isNeeded,
    pattern: isPattern(pattern) ? pattern : undefined,
    minlength: minLength,
    placeholder: format,
    autocomplete: 'off',
    spellcheck: 'false',
  })
  const hints = [
    schema.description,
    range(minLength, maxLength, 'characters'),
    pattern === undefined ? undefined : `matches ${pattern}`,
  ]
  return {
    element: titled(given, input, hints.filter(Boolean).join(' · ')),
    read: () => (input.value === '' && !isNeeded ? undefined : input.value),
  }
}

const numberField = (given) => {
  const { schema, isNeeded, initial = '' } = given
  const min = bound(schema.minimum ?? schema.exclusiveMinimum)
  const max = bound(schema.maximum ?? schema.exclusiveMaximum)
  const input = el('input', {
    type: 'number',
    value: initial,
    required: isNeeded,
    min,
    max,
    step: schema.multipleOf ?? (schema.type === 'integer' ? 1 : 'any'),
  })
  const hints = [schema.description, range(min, max, ''), schema.type === 'integer' ? 'whole' : undefined]
  return {
    element: titled(given, input, hints.filter(Boolean).join(' · ')),
    read: () => (input.value === '' ? undefined : Number(input.value)),
  }
}

const booleanField = (given) => {
  const { name, schema, isNeeded, initial } = given
  if (!isNeeded) return choiceField({ ...given, schema: { ...schema, enum: [true, false] } })
  const input = el('input', { type: 'checkbox', checked: initial === true })
  return { element: el('label', { class: 'check' }, input, el('span', {}, name)), read: () => input.checked }
}

const objectField = ({ schema, root, name, isNeeded, depth, initial }) => {
  const needed = schema.required ?? []
  const fields = Object.entries(schema.properties).map(([key, inner]) => [
    key,
    field({
      schema: inner,
      root,
      name: key,
      isNeeded: needed.includes(key),
      depth: depth + 1,
      initial: initial?.[key],
    }),
  ])
  const isIncluded = el('input', { type: 'checkbox', checked: isNeeded || initial !== undefined })
  const inner = el('div', { class: 'items' }, ...fields.map(([, { element }]) => element))
  inner.hidden = !isIncluded.checked
  isIncluded.addEventListener('change', () => {
    inner.hidden = !isIncluded.checked
  })
  const legend = isNeeded ? name : el('label', { class: 'check' }, isIncluded, el('span', {}, name))
  return {
    element: depth === 0 ? inner : el('fieldset', {}, el('legend', {}, legend), inner),
    read: () => {
      if (!isIncluded.checked) return undefined
      // What is undefined is left out when the frame is written.
      const entries = fields.map(([key, { read }]) => [key, read()])
      return Object.fromEntries(entries)
    },
  }
}

const listField = ({ schema, root, name, isNeeded, depth, initial = [] }) => {
  const items = new Set()
  const rows = el('div', { class: 'items' })
  const add = (value) => {
    const number = rows.childElementCount + 1
    const inner = field({
      schema: schema.items,
      root,
      name: `${name} ${number}`,
      isNeeded: true,
      depth: depth + 1,
      initial: value,
    })
    const remove = el('button', { type: 'button', 'aria-label': `Remove ${name} ${number}` }, '×')
    const row = el('div', { class: 'item' }, inner.element, remove)
    items.add(inner)
    rows.append(row)
    remove.addEventListener('click', () => {
      items.delete(inner)
      row.dispatchEvent(new Event('input', { bubbles: true }))
      row.remove()
    })
  }
  for (const value of Array.isArray(initial) ? initial : []) add(value)
  for (let count = items.size; count < Math.min(schema.minItems ?? 0, MAX_PREPARED); count++) add()
  const more = el('button', { type: 'button' }, `Add to ${name}`)
  more.addEventListener('click', () => {
    add()
    more.dispatchEvent(new Event('input', { bubbles: true }))
  })
  const hint = range(schema.minItems, schema.maxItems, 'items')
  return {
    element: el('fieldset', {}, el('legend', {}, hint ? `${name} · ${hint}` : name), rows, more),
    read: () => (items.size === 0 && !isNeeded ? undefined : [...items].map(({ read }) => read())),
  }
}

const MAX_PREPARED = 10

/** One of several objects: which one is chosen first. */
const variantField = (given) => {
  const { schema, root, name, isNeeded, depth, initial } = given
  const variants = (schema.oneOf ?? schema.anyOf).map((one) => resolve(one, root))
  const forms = variants.map((one) =>
    field({ schema: one, root, name, isNeeded: true, depth: Math.max(1, depth), initial }),
  )
  const select = el(
    'select',
    {},
    ...(isNeeded ? [] : [el('option', { value: '' }, '(left out)')]),
    ...variants.map((one, at) => el('option', { value: at }, titleOf(one) ?? `variant ${at + 1}`)),
  )
  const place = el('div', { class: 'items' })
  const show = () => place.replaceChildren(...(select.value === '' ? [] : [forms[Number(select.value)].element]))
  select.addEventListener('change', show)
  show()
  return {
    element: el('div', { class: 'items' }, titled({ name: `${name}: which`, isNeeded }, select), place),
    read: () => (select.value === '' ? undefined : forms[Number(select.value)].read()),
  }
}

const titleOf = ({ title, properties }) =>
  title ?? Object.values(properties).flatMap((one) => (Object.hasOwn(one, 'const') ? [show(one.const)] : []))[0]

const jsonField = (given) => {
  const { name, initial } = given
  const text = el('textarea', { rows: 3, spellcheck: 'false', placeholder: 'JSON, or nothing' })
  text.value = initial === undefined ? '' : JSON.stringify(initial, undefined, 2)
  return {
    element: titled({ ...given, name: `${name} (JSON)` }, text, given.schema.description),
    read: () => {
      text.classList.remove('invalid')
      if (text.value.trim() === '') return undefined
      try {
        return JSON.parse(text.value)
      } catch {
        text.classList.add('invalid')
        throw new Error(`'${name}' is not JSON yet.`)
      }
    },
  }
}

const show = (value) => (typeof value === 'string' ? value : JSON.stringify(value))

const range = (min, max, unit) => {
  if (min === undefined && max === undefined) return undefined
  const numbers = max === undefined ? `at least ${min}` : min === undefined ? `at most ${max}` : `${min} to ${max}`
  return `${numbers} ${(max ?? min) === 1 ? unit.replace(/s$/, '') : unit}`.trim()
}

/** The limits of safe integers are no limits that one wants to read. */
const bound = (value) => (typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined)

const isPattern = (pattern) => {
  try {
    return typeof pattern === 'string' && Boolean(new RegExp(pattern, 'v'))
  } catch {
    return false
  }
}
