-- Count from zero again: what was spent until now counts no more.
--
-- KEYS     the set of names, where the limit has many counters; then for each counter two keys
--          (counter, its holds or the log of before), or one that is a log of requests
-- ARGV     how many names the caller knows, '' where the limit has one counter; window; 'log' or
--          'buckets'
--
-- Returns now_us, or 0 where another name has come meanwhile. What is held stays held; what a request
-- that was admitted before turns out to have used is not counted by settle.lua.

local now = redis_now()
local next_key = 1
if ARGV[1] ~= '' then
  if redis.call('ZCARD', KEYS[1]) ~= tonumber(ARGV[1]) then return 0 end
  next_key = 2
end
local window, kind = window_of(ARGV[2]), ARGV[3]

if kind == 'log' then
  for index = next_key, #KEYS do redis.call('DEL', KEYS[index]) end
  return now
end
for index = next_key, #KEYS, 2 do
  local key, holds = KEYS[index], KEYS[index + 1]
  local _, held, _, exists = read_counter(key, holds, window, now)
  if exists then
    local moved_at = redis.call('HGET', key, 'moved_at') or 0
    redis.call('DEL', key)
    redis.call('HSET', key, 'total', 0, 'held', held, 'moved_at', moved_at, 'reset_at', now)
    keep(key, lifetime(window))
  end
end
return now
