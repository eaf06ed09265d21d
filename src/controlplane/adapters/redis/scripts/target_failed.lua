-- Note a failure of a target; after several in a row, leave it alone for a while.
--
-- KEYS[1]  the organisation's hash of cooling_down targets: field = target, value = "count:until"
-- ARGV[1]  target, ARGV[2] failures in a row that are too many, ARGV[3] seconds to leave it alone,
-- ARGV[4]  seconds after which the whole hash is forgotten
--
-- `until` is in seconds since 1970 by Redis's own clock, 0 while the target may still be called.

local known = redis.call('HGET', KEYS[1], ARGV[1])
local count = known and tonumber(string.match(known, '^(%d+):')) or 0
count = count + 1
local until_ = 0
if count >= tonumber(ARGV[2]) then
  until_ = tonumber(redis.call('TIME')[1]) + tonumber(ARGV[3])
end
redis.call('HSET', KEYS[1], ARGV[1], count .. ':' .. until_)
redis.call('EXPIRE', KEYS[1], ARGV[4])
return count
