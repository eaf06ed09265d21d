-- Read counters of costs as they count at this moment.
--
-- KEYS[1]  ledger:{org}; then two keys (counter, its holds) for each
-- ARGV     the window of each
--
-- Returns { now_us, 1 where the organisation has a ledger, then for each counter: { state, held,
-- moved_at_us, starts_at_us, resets_at_us, bucket, spent, bucket, spent, ... } }; state 0: trusted,
-- 1: not open, 2: lost. A rolling window has no start, and resets when its oldest bucket leaves: 0
-- where there is none.

local now = redis_now()
local reply = { now, redis.call('EXISTS', KEYS[1]) }
for i, argument in ipairs(ARGV) do
  local key, holds = KEYS[2 * i], KEYS[2 * i + 1]
  local window = tonumber(argument) or argument
  local _, held, first, exists = read_counter(key, holds, window, now)
  local starts, resets = 0, first and leaves_at(window, first) or 0
  if type(window) ~= 'number' then
    local bucket = bucket_of(window, now)
    starts, resets = leaves_at(window, bucket - 1), leaves_at(window, bucket)
    -- What never ends has no start to speak of either.
    if starts > now then starts, resets = 0, 0 end
  end
  local state = 0
  if is_closed(KEYS[1], key) or redis.call('HEXISTS', KEYS[1], key) == 0 then
    state = 1
  elseif is_lost(KEYS[1], key, exists, now) then
    state = 2
  end
  local moved_at = tonumber(redis.call('HGET', key, 'moved_at') or 0)
  local counter = { state, held, moved_at, starts, resets }
  for _, entry in ipairs(buckets_in(key)) do
    counter[#counter + 1] = entry[1]
    counter[#counter + 1] = entry[2]
  end
  reply[#reply + 1] = counter
end
return reply
