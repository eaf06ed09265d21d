-- Read counters of costs as they count at this moment.
--
-- KEYS[1]  ledger:{org}; then two keys (counter, its holds) for each, or one: a set of names
-- ARGV     the epoch in force; then for each its window and what it is: 'one', 'of many', or 'names' of many
--
-- Returns { now_us, 1 where the organisation has a ledger, then for each counter: { state, held,
-- moved_at_us, reset_at_us, starts_at_us, ends_at_us, bucket, spent, bucket, spent, ... } }; state 0:
-- trusted, 1: not open, 2: lost. A rolling window has no start, and ends when its oldest bucket
-- leaves; what counts for ever has neither.

local now = redis_now()
local reply = { now, redis.call('EXISTS', KEYS[1]) }
local next_key = 2
look_at_age(KEYS[1], ARGV[1], 0)

local function state_of(key, exists)
  if is_closed(KEYS[1], key) or redis.call('HEXISTS', KEYS[1], key) == 0 then return 1 end
  return is_lost(KEYS[1], key, exists, now) and 2 or 0
end

local function bounds(window, first)
  if window == 'lifetime' then return 0, 0 end
  if type(window) == 'number' then return 0, first and leaves_at(window, first) or 0 end
  local bucket = bucket_of(window, now)
  local starts = type(window) == 'table' and bucket or leaves_at(window, bucket - 1)
  return starts, leaves_at(window, bucket)
end

for a = 2, #ARGV, 2 do
  local window, kind = window_of(ARGV[a]), ARGV[a + 1]
  local key = KEYS[next_key]
  next_key = next_key + 1
  if kind == 'names' then
    reply[#reply + 1] = { state_of(key, redis.call('EXISTS', key) == 1), 0, 0, 0, 0, 0 }
  else
    local _, held, first, exists = read_counter(key, KEYS[next_key], window, now)
    next_key = next_key + 1
    local state = kind == 'one' and state_of(key, exists) or (exists and 0 or 2)
    local times = redis.call('HMGET', key, 'moved_at', 'reset_at')
    local starts, ends = bounds(window, first)
    local counter = { state, held, tonumber(times[1] or 0), tonumber(times[2] or 0), starts, ends }
    for _, entry in ipairs(buckets_in(key)) do
      counter[#counter + 1] = entry[1]
      counter[#counter + 1] = entry[2]
    end
    reply[#reply + 1] = counter
  end
end
return reply
