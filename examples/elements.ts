// What the pages of the examples have in common: finding elements, making them, and showing frames.

/** Newest first. */
export const logFrame = (direction: 'in' | 'out', text: string, isBad = false) => {
  const item = element('li', text, `${direction}${isBad ? ' bad' : ''}`)
  const arrow = element('b', direction === 'out' ? '↑' : '↓')
  arrow.ariaLabel = direction === 'out' ? 'sent' : 'received'
  item.prepend(arrow)
  const frames = find('frames')
  frames.prepend(item)
  while (frames.childElementCount > MAX_FRAMES) frames.lastElementChild?.remove()
}
const MAX_FRAMES = 200

export const onSubmit = (id: string, take: (field: (name: string) => string, reset: () => void) => void) => {
  const form = findThe(HTMLFormElement, id)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const data = new FormData(form)
    take(
      (name) => `${data.get(name) ?? ''}`,
      () => form.reset(),
    )
  })
}

export const press = (id: string, run: () => void) => find(id).addEventListener('click', run)

export const find = (id: string) => findThe(HTMLElement, id)
export const findThe = <Kind extends HTMLElement>(kind: new () => Kind, id: string): Kind => {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${kind.name} '${id}'.`)
}

export const element = <Tag extends keyof HTMLElementTagNameMap>(tag: Tag, text: string, className = '') =>
  Object.assign(document.createElement(tag), { textContent: text, className })
