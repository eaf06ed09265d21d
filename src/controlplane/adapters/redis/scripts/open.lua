-- Write what was spent, so that the counters can be trusted from now on.
--
-- KEYS[1]  ledger:{org}; then for each argument the counter and its holds, and of one of many
--          counters the set of their names; of all of them their set first, then two for each name
-- ARGV     the epoch in force; then JSON objects {"window", "expected", "buckets": [[bucket, spent], ...], "reset_at"}, with
--          "name" for one of many counters, or {"window", "named": [[name, reset_at, buckets], ...]}
--
-- A counter that can be trusted stays as it is, unless `expected` is the sum it has and nothing is
-- held. Returns 1 for each argument that was written, else 0. The ledger exists afterwards.

local now = redis_now()
local next_key = 1
local moved = look_at_age(KEYS[1], ARGV[1], 0)
if rolled_back then
  -- Of another epoch nothing is trusted that is not written below.
  rolled_back = false
  redis.call('DEL', KEYS[1])
end

local function next_keys()
  next_key = next_key + 1
  return KEYS[next_key]
end

local function write(key, held, window, buckets, reset_at)
  redis.call('DEL', key)
  redis.call('HSET', key, 'total', 0, 'held', held)
  if reset_at > 0 then redis.call('HSET', key, 'reset_at', reset_at) end
  local first = false
  for _, entry in ipairs(buckets) do
    spend(key, entry[1], entry[2], first)
    first = first or entry[1]
  end
  keep(key, lifetime(window))
end

local function is_untrusted(key, exists)
  return is_lost(KEYS[1], key, exists, now) or is_closed(KEYS[1], key)
end

local function open(asked, window)
  local key, holds = next_keys(), next_keys()
  local names = asked.name and next_keys()
  local spent, held, _, exists = read_counter(key, holds, window, now)
  local is_expected = spent == asked.expected and held == 0
  if not is_expected and (names or not is_untrusted(key, exists)) then return 0 end
  write(key, held, window, asked.buckets, asked.reset_at)
  if names then
    note_name(names, asked.name, missed_until(window, now), now)
  else
    trust(KEYS[1], key, window, now)
  end
  return 1
end

-- Of many counters those that are missing are written, all of them where none can be trusted.
local function open_all(asked, window)
  local names = next_keys()
  local is_new = is_untrusted(names, redis.call('EXISTS', names) == 1)
  local is_written = is_new
  if is_new then
    redis.call('DEL', names)
    redis.call('ZADD', names, 'inf', '')
    keep(names, lifetime(window))
  end
  for _, entry in ipairs(asked.named) do
    local key, holds = next_keys(), next_keys()
    local _, held, _, exists = read_counter(key, holds, window, now)
    if is_new or not exists then
      is_written = true
      write(key, held, window, entry[3], entry[2])
      note_name(names, entry[1], missed_until(window, now), now)
    end
  end
  if is_new then trust(KEYS[1], names, window, now) end
  return is_written and 1 or 0
end

local written = {}
for i = 2, #ARGV do
  local asked = cjson.decode(ARGV[i])
  local window = window_of(asked.window)
  written[i - 1] = asked.named and open_all(asked, window) or open(asked, window)
end
redis.call('HSETNX', KEYS[1], 'opened_at', now)
note_moved(KEYS[1], moved, now)
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'epoch', ARGV[1]) end
keep(KEYS[1], LEDGER_DAYS * DAY)
return written
