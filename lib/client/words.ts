import type { About, Unanswered } from './errors.ts'

/** Why a message has no answer, in sentences: what happened, the likely cause, and where to look. */
export const WORDS: { readonly [Code in Unanswered]: (about: About) => string } = {
  TIMEOUT: ({ name, limit, heard, ...about }) =>
    `No answer to '${name}' in ${limit} ms: ${STAGES[stageOf(about)]}${heard ? ` Last heard: ${brief(heard)}` : ''}`,
  LOST: ({ name, heard = 'The connection was lost.' }) =>
    `${brief(heard)} '${name}' was not answered before: whether it was handled is not known.`,
  CLOSED: ({ name, heard }) =>
    `${name === undefined ? 'Nothing more will come' : `'${name}' was not answered`}: the client is closed. ${heard ?? ''}`.trim(),
  QUEUE_FULL: ({ name, limit }) =>
    `'${name}' was not sent: there is no connection, and ${limit} messages wait for one already (maxQueue).`,
  TOO_LARGE: ({ name, count, limit }) =>
    `'${name}' was not sent: it takes ${count} bytes, and a frame has ${limit} at most. Send less, or use chunk() on both ends.`,
}

const stageOf = ({ request, link, isHeld }: About) => {
  if (link) return 'sent'
  if (isHeld && !request?.lane.isOwn) return 'held'
  if (request?.session !== undefined) return 'lost'
  return request?.lane.link ? 'queued' : 'offline'
}

const STAGES = {
  sent: "it was sent. The handler may still be running, the function may lack execute-api:ManageConnections, or the application says replies: 'route-response' and no route response is deployed.",
  held: 'it was not sent: onReady is not through. Inside of onReady use the send that it is given.',
  lost: 'the connection was lost after it was sent, and is not back.',
  offline: 'it was never sent: there is no connection.',
  queued: 'it was not sent: something that was sent before it, and may change the state, has no answer yet.',
} as const

/** What a server says may be long, and no sentence is. */
const brief = (heard: string) => heard.trim().slice(0, 300)
