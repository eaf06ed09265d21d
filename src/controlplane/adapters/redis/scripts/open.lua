-- Write what was spent, so that the counters can be trusted from now on.
--
-- KEYS[1]  ledger:{org}; then two keys (counter, its holds) for each
-- ARGV     for each counter a JSON object {"window", "expected", "buckets": [[bucket, spent], ...]}
--
-- A counter that can be trusted stays as it is, unless `expected` is the sum it has and nothing is
-- held. Returns 1 for each that was written, else 0. The ledger exists afterwards.

local now = redis_now()
local written = {}
for i, argument in ipairs(ARGV) do
  local key, holds = KEYS[2 * i], KEYS[2 * i + 1]
  local asked = cjson.decode(argument)
  local window = asked.window
  local spent, held, _, exists = read_counter(key, holds, window, now)
  written[i] = 0
  local is_untrusted = is_lost(KEYS[1], key, exists, now) or is_closed(KEYS[1], key)
  if is_untrusted or (spent == asked.expected and held == 0) then
    redis.call('DEL', key)
    redis.call('HSET', key, 'total', 0, 'held', held)
    local first = false
    for _, entry in ipairs(asked.buckets) do
      spend(key, entry[1], entry[2], first)
      first = first or entry[1]
    end
    keep(key, lifetime(window))
    trust(KEYS[1], key, window, now)
    written[i] = 1
  end
end
redis.call('HSETNX', KEYS[1], 'opened_at', now)
keep(KEYS[1], LEDGER_DAYS * DAY)
return written
