-- Replace what a request has set aside by what it used.
--
-- KEYS[1]  ledger:{org}, KEYS[2]  holds:{org}, KEYS[3]  settled:{org}:<request id>:<admitted at>;
--          then the keys of each limit, as in reserve.lua (none for requests)
-- ARGV     request id, when it was admitted (microseconds; '' for now), seconds to remember that it
--          is settled, and for each limit: measure, window, amount that was held, amount that was
--          used, its capacity, '1' for a shadow limit
--
-- Returns { index, spent before, spent after, bucket } of each cost cap of which another whole
-- percent was spent by this. A second time changes nothing. A lease that has ended matters not: what was used counts in full, in the bucket
-- of admission. Nothing is counted where the ledger is lost: it will be counted anew.

local now = redis_now()
local request_id, admitted_at = ARGV[1], tonumber(ARGV[2]) or now

if not redis.call('SET', KEYS[3], 1, 'NX', 'EX', ARGV[3]) then return {} end
redis.call('HDEL', KEYS[2], request_id)

local charges, next_key = {}, 4
local function settle(index, a)
  local measure, window = ARGV[a], tonumber(ARGV[a + 1]) or ARGV[a + 1]
  local key = KEYS[next_key]
  next_key = next_key + 1
  if measure == 'concurrency' then
    redis.call('ZREM', key, request_id)
    return
  end
  local set = KEYS[next_key]
  next_key = next_key + 1
  local of_costs = measure == 'cost' and ARGV[a + 5] ~= '1'
  local spent, _, first, exists = read_counter(key, set, window, now)
  if redis.call('ZREM', set, ARGV[a + 2] .. ':' .. request_id) == 1 then
    redis.call('HINCRBY', key, 'held', -tonumber(ARGV[a + 2]))
  end
  if of_costs and is_lost(KEYS[1], key, exists, now) then return end
  local used, bucket = tonumber(ARGV[a + 3]), bucket_of(window, admitted_at)
  if used == 0 or bucket < oldest_live(window, now) then return end
  spend(key, bucket, used, first)
  keep(key, lifetime(window))
  if of_costs then
    redis.call('HSET', key, 'moved_at', now)
    renew_ledger(KEYS[1], key, window, now)
  end
  local capacity = tonumber(ARGV[a + 4])
  local percent = math.floor(spent * 100 / capacity)
  if of_costs and percent ~= math.floor((spent + used) * 100 / capacity) then
    charges[#charges + 1] = { index, spent, spent + used, bucket }
  end
end

for index = 1, (#ARGV - 3) / 6 do
  settle(index, 4 + 6 * (index - 1))
end
return charges
