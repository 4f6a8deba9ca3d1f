/**
 * The library's own channels: no name of a user begins with a control character. The connections of a user, who is present
 * in a channel, and who has asked for a task are memberships like any other.
 */
export const userChannel = (userId: string): string => `${USER}${userId}`
export const taskChannel = (taskId: string): string => `${TASK}${taskId}`
export const presenceChannel = (channel: string): string => `${PRESENCE}${channel}`
/** The channel in whose presence channel a connection is; `undefined` for any other channel. */
export const presentIn = (channel: string): string | undefined =>
  channel.startsWith(PRESENCE) ? channel.slice(PRESENCE.length) : undefined

const USER = '\u0001'
const PRESENCE = '\u0002'
const TASK = '\u0003'
