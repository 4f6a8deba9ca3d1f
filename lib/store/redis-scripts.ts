/**
 * Every script touches the keys of one hash slot, and only those it is given, so that each runs on a cluster as it does
 * on one server. Numbers come back as numbers or text, as the client likes; what is not there comes back as nothing.
 */
const live = (onward: string) => `
local c = redis.call('HMGET', KEYS[1], 'v', 'r', 't', 'x')
local t = tonumber(c[3])
if not (t and c[1] and c[2]) and redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.error_reply("ERR What is stored at '" .. KEYS[1] .. "' is no record of this library")
end
if t and t <= tonumber(ARGV[1]) then t = nil end
${onward}`

const WRITE = `
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'r', ARGV[3], 't', ARGV[4], 'x', ARGV[5])
redis.call('PEXPIREAT', KEYS[1], ARGV[4])`

// A connection: KEYS are its record, and the channels that it is in. ARGV[1] is the time, in epoch milliseconds.

/** `version, text, end, closed` -> 1, or 0 where there is a record. */
export const CREATE = live(`if t then return 0 end${WRITE}
return 1`)

/** -> the record's text. */
export const READ = live(`return t and c[2]`)

/** `version, text, end, closed, expected version` -> 1, or 0 and the text of what is stored instead, if anything is. */
export const REPLACE = live(`if not t then return { 0 } end
if c[1] ~= ARGV[6] then return { 0, c[2] } end${WRITE}
return { 1 }`)

export const DELETE = `return redis.call('DEL', KEYS[1])`

/** `channel` -> the end of the connection that is open, and from now on says that it is in the channel. */
export const NOTE = live(`if not t or c[4] == '1' then return false end
redis.call('SADD', KEYS[2], ARGV[2])
redis.call('PEXPIREAT', KEYS[2], c[3])
return c[3]`)

/** `channel` */
export const UNNOTE = `return redis.call('SREM', KEYS[1], ARGV[1])`

export const CHANNELS = `return redis.call('SMEMBERS', KEYS[1])`

// A channel: the one key is the set of its members, each with the time of its end in epoch milliseconds.

/**
 * `now, connection, end`. Whoever has ended is swept out: a thousand at most, so that nobody waits for a join. The set
 * ends with the last of its members.
 */
export const ADMIT = `
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
local ended = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[1])
if ended > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, math.min(ended, 1000) - 1) end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then redis.call('PEXPIREAT', KEYS[1], last[2]) end
return 1`

/** `connection` */
export const DISMISS = `return redis.call('ZREM', KEYS[1], ARGV[1])`

/** `now, connection` -> 1 for a member, otherwise 0. */
export const HAS = `
local at = redis.call('ZSCORE', KEYS[1], ARGV[2])
return at and tonumber(at) > tonumber(ARGV[1]) and 1 or 0`

/** `now, cursor` -> the next cursor, which is 0 after the last page, and about a thousand members. */
export const PAGE = `
local page = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', 1000)
local found = { page[1] }
for i = 1, #page[2], 2 do
  if tonumber(page[2][i + 1]) > tonumber(ARGV[1]) then found[#found + 1] = page[2][i] end
end
return found`
