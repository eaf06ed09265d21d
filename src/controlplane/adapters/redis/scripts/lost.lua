-- Note that the ledger of an organisation is lost.
--
-- KEYS[1]  ledgers:lost: organisation -> "when it was noticed:longest lease" in microseconds
-- ARGV     organisation, lease of the request that noticed
--
-- The first notice stays: what was held before it ends within one lease of it.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local lease = tonumber(ARGV[2])
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  now = tonumber(string.match(known, '^%d+'))
  lease = math.max(lease, tonumber(string.match(known, '%d+$')))
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:%.0f', now, lease))
redis.call('EXPIRE', KEYS[1], 30 * 86400)
