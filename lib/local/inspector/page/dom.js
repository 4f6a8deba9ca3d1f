/** An element with attributes and children. Text goes in as text, whatever it holds: nothing here parses HTML. */
export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children)

/** The same for a picture. */
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children)

const fill = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name, value)
    else element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...children.filter((child) => child !== undefined))
  return element
}

export const byId = (id) => document.getElementById(id)

/** `12:03:04.120`, by the clock on the wall. */
export const timeOf = (at) => {
  const date = new Date(at)
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

export const numberOf = (value) => value.toLocaleString('en')

/** Run `draw` once in the next frame, however often it is asked for. A hidden tab has no frames, and draws when it is seen. */
export const perFrame = (draw) => {
  let asked = false
  return () => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      draw()
    })
  }
}

/** JSON, indented; anything else as it is. */
export const pretty = (text) => {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

export const parsed = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
