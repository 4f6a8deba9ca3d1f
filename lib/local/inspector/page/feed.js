/** Hear the gateway: a snapshot first, then what happens. The browser asks again by itself when the gateway was away. */
export const hear = ({ snapshot, seen, application, live }) => {
  const source = new EventSource('/@inspector/feed')
  source.addEventListener('snapshot', ({ data }) => {
    live(true)
    snapshot(JSON.parse(data))
  })
  source.addEventListener('seen', ({ data }) => seen(JSON.parse(data)))
  // New code runs now.
  source.addEventListener('application', application)
  source.addEventListener('error', () => live(false))
}

/** Ask the gateway once. */
export const ask = async (name) => {
  const answer = await fetch(`/@inspector/${name}`)
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}
