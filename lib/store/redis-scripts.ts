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

/** `channel, shard` -> the end of the connection that is open and says from now on that it is there, and the shard that it
 * said before, or else this one. */
export const SAY = live(`if not t or c[4] == '1' then return false end
redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[3])
redis.call('PEXPIREAT', KEYS[2], c[3])
return { c[3], redis.call('HGET', KEYS[2], ARGV[2]) }`)

/** `channel, shard` -> nothing once it no longer says so; the shard that it says where that is another one. */
export const UNSAY = `
local shard = redis.call('HGET', KEYS[1], ARGV[1])
if shard ~= ARGV[2] then return shard end
redis.call('HDEL', KEYS[1], ARGV[1])
return false`

/** `channel` -> the shard that the connection says. */
export const SAID = `return redis.call('HGET', KEYS[1], ARGV[1])`

export const CHANNELS = `return redis.call('HKEYS', KEYS[1])`

// A shard of a channel: KEYS are the set of its members, each with the time of its end in epoch milliseconds, and their
// notes.

/**
 * `now, connection, end[, note]`. Whoever has ended is swept out: a thousand at most, so that nobody waits for a join.
 * The set ends with the last of its members.
 */
export const ADMIT = `
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
if ARGV[4] then redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) else redis.call('HDEL', KEYS[2], ARGV[2]) end
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1000)
if #ended > 0 then
  redis.call('ZREM', KEYS[1], unpack(ended))
  redis.call('HDEL', KEYS[2], unpack(ended))
end
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], last[2])
  redis.call('PEXPIREAT', KEYS[2], last[2])
end
return 1`

/** `connection` */
export const DISMISS = `
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])`

/** `now, connection` -> a list with the note of a member, if it has one; otherwise nothing. */
export const MEMBER = `
local at = redis.call('ZSCORE', KEYS[1], ARGV[2])
if not (at and tonumber(at) > tonumber(ARGV[1])) then return false end
return { redis.call('HGET', KEYS[2], ARGV[2]) or nil }`

/**
 * `now, cursor` -> the next cursor, which is 0 after the last page; how many shards there are, where KEYS have that; about
 * a thousand members; and their notes, where anybody has one.
 */
export const PAGE = `
local page = redis.call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', 1000)
local ids = {}
for i = 1, #page[2], 2 do
  if tonumber(page[2][i + 1]) > tonumber(ARGV[1]) then ids[#ids + 1] = page[2][i] end
end
local notes = {}
if redis.call('EXISTS', KEYS[2]) == 1 then
  for i = 1, #ids, 1000 do
    local some = redis.call('HMGET', KEYS[2], unpack(ids, i, math.min(i + 999, #ids)))
    for j = 1, #some do notes[i + j - 1] = some[j] end
  end
end
return { page[1], KEYS[3] and redis.call('GET', KEYS[3]) or false, ids, notes }`

// How many shards a channel has: one key, in the slot of its first one.

export const SHARDS = `return redis.call('GET', KEYS[1])`

/** `shards` */
export const GROW = `
if tonumber(redis.call('GET', KEYS[1]) or 1) < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], ARGV[1]) end
return 1`

// A text that is kept for a while: one key. A letter before it says what it is.

/** `text, milliseconds` */
export const PUT = `return redis.call('SET', KEYS[1], 'T' .. ARGV[1], 'PX', ARGV[2])`

/** `mark, milliseconds` -> 1 for whoever was first, though it may be told so twice. */
export const CLAIM = `
if redis.call('SET', KEYS[1], 'C' .. ARGV[1], 'PX', ARGV[2], 'NX') then return 1 end
return redis.call('GET', KEYS[1]) == 'C' .. ARGV[1] and 1 or 0`

/** -> the text; an empty one where there is but a claim. */
export const GET = `
local kept = redis.call('GET', KEYS[1])
if not kept then return false end
return string.sub(kept, 1, 1) == 'T' and string.sub(kept, 2) or ''`
