-- How the ledger counts; stands before each of its scripts (see `scripts/__init__.py`).
--
-- A counter of tokens or costs is a hash: `total` = the sum of its buckets, `held` = the sum of its
-- holds, `first` = the oldest bucket, and one field per bucket, index -> spent; of costs `moved_at`,
-- the last settlement, too. Its holds are a sorted set beside it: member = "amount:request id",
-- score = when the lease ends. Times are microseconds since 1970 by Redis's own clock; everything is
-- an integer below 2^53, which a Lua number holds exactly.
--
-- A window of so many microseconds has 60 buckets; one leaves when all of it is out of the window,
-- so no window, wherever it starts, ever holds more than was admitted for it. A period of the
-- calendar is one bucket: 'day', 'week' and 'month' in UTC, 'lifetime', and in other time zones a
-- list of the instants at which periods begin, where a bucket is named by its first instant.
--
-- A limit with a counter for each end user or session has a sorted set of their names beside them:
-- name -> until when its counter has to exist. Of costs '' stands there too, and never leaves: the
-- ledger trusts all of these counters by that set.

local DAY = 86400000000
local WEEK = 7 * DAY
local BUCKETS = 60
local LEDGER_DAYS = 400
local NEVER = 9000000000000000

local function redis_now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

-- For what goes into a string: Lua's own conversion keeps 14 digits only.
local function text(integer)
  return string.format('%.0f', integer)
end

-- Months since the year 0. http://howardhinnant.github.io/date_algorithms.html#civil_from_days
local function month_of(at)
  local day = math.floor(at / DAY) + 719468
  local era = math.floor(day / 146097)
  local of_era = day - era * 146097
  local year = math.floor(
    (of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524) - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local from_march = math.floor((5 * of_year + 2) / 153)
  return (year + era * 400) * 12 + from_march + 2
end

-- The first instant of a month, as counted by `month_of`.
local function month_start(month)
  local from_march = month - 2
  local year = math.floor(from_march / 12)
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (from_march - year * 12) + 2) / 5)
  local day = of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year
  return (era * 146097 + day - 719468) * DAY
end

-- A window as the scripts are told it.
local function window_of(argument)
  local number = tonumber(argument)
  if number then return number end
  if not string.find(argument, ' ', 1, true) then return argument end
  local starts = {}
  for start in string.gmatch(argument, '%d+') do starts[#starts + 1] = tonumber(start) end
  return starts
end

local function bucket_of(window, at)
  if type(window) == 'number' then return math.floor(at / math.ceil(window / BUCKETS)) end
  if window == 'day' then return math.floor(at / DAY) end
  if window == 'month' then return month_of(at) end
  -- The first of January 1970 was a Thursday.
  if window == 'week' then return math.floor((at + 3 * DAY) / WEEK) end
  if window == 'lifetime' then return 0 end
  local bucket = window[1]
  for _, start in ipairs(window) do
    if start <= at then bucket = start end
  end
  return bucket
end

-- The oldest bucket that still counts.
local function oldest_live(window, now)
  if type(window) == 'number' then return bucket_of(window, now - window) end
  return bucket_of(window, now)
end

-- When a bucket stops to count.
local function leaves_at(window, bucket)
  if type(window) == 'number' then return (bucket + 1) * math.ceil(window / BUCKETS) + window end
  if window == 'day' then return (bucket + 1) * DAY end
  if window == 'month' then return month_start(bucket + 1) end
  if window == 'week' then return (bucket + 1) * WEEK - 3 * DAY end
  if window == 'lifetime' then return NEVER end
  for _, start in ipairs(window) do
    if start > bucket then return start end
  end
  return bucket + DAY
end

-- How long a counter is kept after its last use: past the end of what it counts.
local function lifetime(window)
  if type(window) == 'number' then return 3 * window + DAY end
  if window == 'day' then return 4 * DAY end
  if window == 'month' then return 94 * DAY end
  if window == 'week' then return 22 * DAY end
  if window == 'lifetime' then return LEDGER_DAYS * DAY end
  return window[#window] - window[1] + DAY
end

-- Until when a counter has to exist that was used just now: a minute less than it is kept. What
-- counts for ever always has to: when its time to live is over, it is counted anew.
local function missed_until(window, now)
  if window == 'lifetime' then return NEVER end
  return now + lifetime(window) - 60000000
end

local function keep(key, microseconds)
  redis.call('PEXPIRE', key, math.ceil(microseconds / 1000))
end

-- { bucket, spent } of each bucket, oldest first.
local function buckets_in(key)
  local fields, buckets = redis.call('HGETALL', key), {}
  for i = 1, #fields, 2 do
    local bucket = tonumber(fields[i])
    if bucket then buckets[#buckets + 1] = { bucket, tonumber(fields[i + 1]) } end
  end
  table.sort(buckets, function(a, b) return a[1] < b[1] end)
  return buckets
end

-- What expired holds had set aside is free again. No holds, nothing held, whatever became of them.
local function drop_expired_holds(key, holds, held, now)
  local before = held
  local expired = redis.call('ZRANGEBYSCORE', holds, '-inf', now)
  if #expired > 0 then
    redis.call('ZREMRANGEBYSCORE', holds, '-inf', now)
    for _, member in ipairs(expired) do
      held = held - tonumber(string.match(member, '^%d+'))
    end
  end
  if redis.call('EXISTS', holds) == 0 then held = 0 end
  if held ~= before then redis.call('HSET', key, 'held', held) end
  return held
end

-- Buckets that have left the window go. Returns the new total and first.
local function drop_old_buckets(key, oldest)
  local total, first, old = 0, false, {}
  for _, entry in ipairs(buckets_in(key)) do
    if entry[1] < oldest then
      old[#old + 1] = text(entry[1])
    else
      first = first or entry[1]
      total = total + entry[2]
    end
  end
  redis.call('HDEL', key, 'first', unpack(old))
  redis.call('HSET', key, 'total', total)
  if first then redis.call('HSET', key, 'first', first) end
  return total, first
end

-- Returns spent, held, the oldest bucket (or false), whether the counter exists, and when it was
-- last reset.
local function read_counter(key, holds, window, now)
  local fields = redis.call('HMGET', key, 'total', 'held', 'first', 'reset_at')
  if not fields[1] then
    if holds then redis.call('DEL', holds) end
    return 0, 0, false, false, 0
  end
  local spent, held, first = tonumber(fields[1]), tonumber(fields[2] or 0), tonumber(fields[3] or -1)
  if held > 0 then held = drop_expired_holds(key, holds, held, now) end
  if first < 0 then
    first = false
  else
    local oldest = oldest_live(window, now)
    if first < oldest then spent, first = drop_old_buckets(key, oldest) end
  end
  return spent, held, first, true, tonumber(fields[4] or 0)
end

-- Add to a bucket; `first` as `read_counter` gave it.
local function spend(key, bucket, amount, first)
  redis.call('HINCRBY', key, text(bucket), amount)
  redis.call('HINCRBY', key, 'total', amount)
  if not first or bucket < first then redis.call('HSET', key, 'first', bucket) end
end

-- Whether Redis is older than this ledger was, or the ledger than the epoch in force (`mark.py`):
-- then none of its counters can be trusted. `moved` is when costs of it last changed, and never goes
-- back; `seen` is the latest of it that the caller knows.
local rolled_back = false

local function look_at_age(ledger, epoch, seen)
  local fields = redis.call('HMGET', ledger, 'epoch', 'moved')
  local moved = tonumber(fields[2] or 0)
  if fields[1] and epoch ~= '' and fields[1] ~= epoch then
    rolled_back = 'epoch'
  elseif redis.call('EXISTS', ledger) == 1 and moved < (tonumber(seen) or 0) then
    rolled_back = 'moved'
  end
  return moved
end

local function note_moved(ledger, moved, now)
  moved = math.max(moved + 1, now)
  redis.call('HSET', ledger, 'moved', text(moved))
  return moved
end

-- `ledger:{org}` says of every counter of costs until when it has to exist. Where it should and
-- does not, or was never opened, nobody knows what was spent. A negative time closes a counter whose
-- cap is gone: until then it serves requests that read their policy before.
local function is_lost(ledger, key, exists, now)
  if rolled_back then return true end
  local until_ = tonumber(redis.call('HGET', ledger, key) or 0)
  if until_ < 0 then return -until_ < now end
  return until_ == 0 or (not exists and until_ > now)
end

local function is_closed(ledger, key)
  return tonumber(redis.call('HGET', ledger, key) or 0) < 0
end

local function trust(ledger, key, window, now)
  redis.call('HSET', ledger, key, missed_until(window, now))
  keep(ledger, LEDGER_DAYS * DAY)
end

local function renew_ledger(ledger, key, window, now)
  local until_ = tonumber(redis.call('HGET', ledger, key))
  if until_ >= 0 and until_ - now < lifetime(window) / 2 then trust(ledger, key, window, now) end
end

-- The name of a counter stands beside the others at least until then.
local function note_name(names, name, until_, now)
  redis.call('ZADD', names, 'GT', until_, name)
  local kept = math.min(math.ceil((until_ - now) / 1000) + 60000, LEDGER_DAYS * DAY / 1000)
  redis.call('PEXPIRE', names, math.max(kept, redis.call('PTTL', names)))
end

-- Of one counter of costs, of many where it has `names`; `is_new` where its name is not among them.
local function is_limit_lost(ledger, limit, now)
  if not limit.names then return is_lost(ledger, limit.key, limit.exists, now) end
  if is_lost(ledger, limit.names, redis.call('EXISTS', limit.names) == 1, now) then return true end
  return not limit.is_new and not limit.exists
end

-- A counter of costs was used: it has to exist from now on.
local function renew(ledger, limit, now)
  renew_ledger(ledger, limit.names or limit.key, limit.window, now)
  if limit.names then redis.call('ZADD', limit.names, 'inf', '') end
end
