-- Replace what a request has set aside by what it used.
--
-- KEYS[1]  ledger:{org}, KEYS[2]  holds:{org}, KEYS[3]  settled:{org}:<request id>:<admitted at>;
--          then the keys of each limit, as in reserve.lua (none for requests, none that is shared)
-- ARGV     request id, when it was admitted (microseconds; '' for now), seconds to remember that it
--          is settled, the epoch and when costs last changed, as in reserve.lua, and for each limit: measure, window, amount that was held, amount that was
--          used, its capacity, '1' for a shadow limit, name of the counter or ''
--
-- Returns { when costs last changed, charges }: { index, spent before, spent after, bucket } of each cost cap of which another whole
-- percent was spent by this. A second time changes nothing. A lease that has ended matters not: what
-- was used counts in full, in the bucket of admission. Nothing is counted where the ledger is lost:
-- it will be counted anew. Nor is what was admitted before the counter was reset.

local now = redis_now()
local request_id, admitted_at = ARGV[1], tonumber(ARGV[2]) or now

if not redis.call('SET', KEYS[3], 1, 'NX', 'EX', ARGV[3]) then
  return { tonumber(redis.call('HGET', KEYS[1], 'moved') or 0), {} }
end
redis.call('HDEL', KEYS[2], request_id)
local moved = look_at_age(KEYS[1], ARGV[4], ARGV[5])
local is_moved = false

local charges, next_key = {}, 4

local function next_keys()
  next_key = next_key + 1
  return KEYS[next_key - 1]
end

local function settle(index, a)
  local measure, name = ARGV[a], ARGV[a + 6]
  local limit = { key = next_keys(), window = window_of(ARGV[a + 1]) }
  local set = measure ~= 'concurrency' and next_keys()
  if name ~= '' then limit.names = next_keys() end
  local key, window = limit.key, limit.window
  if measure == 'concurrency' then
    redis.call('ZREM', key, request_id)
    return
  end
  local of_costs = measure == 'cost' and ARGV[a + 5] ~= '1'
  limit.is_new = limit.names and not redis.call('ZSCORE', limit.names, name)
  if limit.is_new and measure == 'cost' then redis.call('DEL', key, set) end
  local spent, _, first, exists, reset_at = read_counter(key, set, window, now)
  limit.exists = exists
  if redis.call('ZREM', set, ARGV[a + 2] .. ':' .. request_id) == 1 then
    redis.call('HINCRBY', key, 'held', -tonumber(ARGV[a + 2]))
  end
  if of_costs and is_limit_lost(KEYS[1], limit, now) then return end
  local used, bucket = tonumber(ARGV[a + 3]), bucket_of(window, admitted_at)
  if used == 0 or bucket < oldest_live(window, now) then return end
  if admitted_at < reset_at then return end
  spend(key, bucket, used, first)
  keep(key, lifetime(window))
  if limit.names then note_name(limit.names, name, missed_until(window, now), now) end
  if of_costs then
    redis.call('HSET', key, 'moved_at', now)
    is_moved = true
    renew(KEYS[1], limit, now)
  end
  local capacity = tonumber(ARGV[a + 4])
  local percent = math.floor(spent * 100 / capacity)
  if of_costs and capacity > 0 and percent ~= math.floor((spent + used) * 100 / capacity) then
    charges[#charges + 1] = { index, spent, spent + used, bucket }
  end
end

for index = 1, (#ARGV - 5) / 7 do
  settle(index, 6 + 7 * (index - 1))
end
if is_moved then moved = note_moved(KEYS[1], moved, now) end
return { moved, charges }
