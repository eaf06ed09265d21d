-- Decide every limit of one request together: all are taken, or none.
--
-- KEYS[1]  ledger:{org}, KEYS[2]  holds:{org}; then the keys of each limit: one for requests and
--          concurrency; for tokens and cost its holds, and for requests that are counted in buckets
--          the log of before, beside it. Where a limit has a name, then the set of names, and the
--          same keys of the counter that all share who come when there are too many names
-- ARGV     request id, lease in microseconds, note (JSON), how many names a limit may have, the epoch
--          and when costs last changed, as the caller knows them, and for each limit: measure, capacity, window, amount, '1' for a shadow limit, name or ''
--
-- Returns { refused_by, retry_after_us, fits, admitted_at_us, when costs last changed, then for each
-- limit: reached, remaining, reset_us, 1 where the shared counter counts }. refused_by is the index of
-- the limit that makes the caller wait longest, 0 when the request is admitted, -1 where the ledger is
-- lost, -2 where that is because Redis is older than it was. Refused requests leave no trace: a
-- steady caller above its limit still gets its share. Repeating a request that is held changes
-- nothing. A shadow limit counts for itself and refuses nobody. A lease of 0 only looks.

local now = redis_now()
local request_id, lease, most_names = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local SECOND = 1000000

local look, hold, wait = {}, {}, {}
local is_moved = false

-- look: how much is used up, and when that changes.
function look.requests(limit)
  redis.call('ZREMRANGEBYSCORE', limit.key, '-inf', now - limit.window)
  limit.used = redis.call('ZCARD', limit.key)
  limit.member = request_id
end

function look.concurrency(limit)
  redis.call('ZREMRANGEBYSCORE', limit.key, '-inf', now)
  limit.used = redis.call('ZCARD', limit.key)
  limit.member = request_id
end

-- Requests in buckets. What was logged before the limit grew so large counts as of now.
function look.counted(limit)
  limit.spent, limit.held, limit.first, limit.exists = read_counter(limit.key, false, limit.window, now)
  limit.before = 0
  if not limit.exists then
    redis.call('ZREMRANGEBYSCORE', limit.set, '-inf', now - limit.window)
    limit.before = redis.call('ZCARD', limit.set)
  end
  limit.used = limit.spent + limit.before
end

function look.tokens(limit)
  limit.spent, limit.held, limit.first, limit.exists =
    read_counter(limit.key, limit.set, limit.window, now)
  limit.used = limit.spent + limit.held
  limit.member = text(limit.amount) .. ':' .. request_id
end
look.cost = look.tokens

-- hold: take it; returns 1 where that is new.
function hold.requests(limit)
  local added = redis.call('ZADD', limit.key, 'NX', now, request_id)
  keep(limit.key, limit.window)
  return added
end

-- A request that holds something is known when it comes again; another one counts again.
function hold.counted(limit)
  if limit.is_repeated then return 0 end
  spend(limit.key, bucket_of(limit.window, now), 1 + limit.before, limit.first)
  if limit.before > 0 then redis.call('DEL', limit.set) end
  keep(limit.key, lifetime(limit.window))
  return 1
end

function hold.concurrency(limit)
  local added = redis.call('ZADD', limit.key, 'NX', now + lease, request_id)
  if added == 1 then
    -- A short lease must not end the life of a longer one.
    local kept = math.max(math.ceil(lease / 1000) + 60000, redis.call('PTTL', limit.key))
    redis.call('PEXPIRE', limit.key, kept)
  end
  return added
end

function hold.tokens(limit)
  local kept = lifetime(limit.window)
  local added = 0
  if limit.amount > 0 then
    added = redis.call('ZADD', limit.set, 'NX', now + lease, limit.member)
    if added == 1 then redis.call('HINCRBY', limit.key, 'held', limit.amount) end
    keep(limit.set, kept)
  end
  if not limit.exists then redis.call('HSETNX', limit.key, 'total', 0) end
  keep(limit.key, kept)
  return added
end

function hold.cost(limit)
  local added = hold.tokens(limit)
  if not limit.shadow then
    renew(KEYS[1], limit, now)
    is_moved = true
  end
  return added
end

-- Take the shared counter where a name is new and there are too many.
local function choose(limit)
  redis.call('ZREMRANGEBYSCORE', limit.names, '-inf', now)
  limit.is_new = not redis.call('ZSCORE', limit.names, limit.name)
  if limit.is_new and redis.call('ZCARD', limit.names) >= most_names then
    limit.is_shared, limit.name = true, 'others'
    limit.key, limit.set = limit.shared_key, limit.shared_set
    limit.is_new = not redis.call('ZSCORE', limit.names, limit.name)
  end
  -- What may still be counted under a name that the ledger does not know is of before a loss.
  if limit.is_new and limit.measure == 'cost' then redis.call('DEL', limit.key, limit.set) end
end

-- How long a name is needed: as long as its counter.
local function name_ends(limit)
  if limit.measure == 'concurrency' then return now + lease end
  return missed_until(limit.window, now)
end

local function is_held(limit)
  if limit.measure == 'counted' then return limit.is_repeated end
  return redis.call('ZSCORE', limit.set or limit.key, limit.member)
end

-- wait: how long until there may be room.
function wait.requests(limit)
  -- A place is free when the entry that is `capacity` from the end has left the window.
  local place = limit.used - limit.capacity
  local leaving = redis.call('ZRANGE', limit.key, place, place, 'WITHSCORES')
  return leaving[2] and tonumber(leaving[2]) + limit.window - now or limit.window
end

function wait.concurrency()
  return SECOND
end

function wait.tokens(limit)
  -- What is held may come back at any moment; what is spent comes back with its bucket.
  local missing = limit.spent + limit.amount - limit.capacity
  if missing <= 0 then return SECOND end
  if type(limit.window) ~= 'number' then
    return leaves_at(limit.window, bucket_of(limit.window, now)) - now
  end
  for _, entry in ipairs(buckets_in(limit.key)) do
    missing = missing - entry[2]
    if missing <= 0 then return leaves_at(limit.window, entry[1]) - now end
  end
  return limit.window
end
wait.cost = wait.tokens
wait.counted = wait.tokens

local function reset(limit)
  if limit.measure == 'concurrency' or limit.window == 'lifetime' then return 0 end
  if limit.measure == 'requests' then
    local oldest = redis.call('ZRANGE', limit.key, 0, 0, 'WITHSCORES')
    return oldest[2] and tonumber(oldest[2]) + limit.window - now or 0
  end
  if type(limit.window) ~= 'number' then
    return leaves_at(limit.window, bucket_of(limit.window, now)) - now
  end
  return limit.first and leaves_at(limit.window, limit.first) - now or 0
end

local limits, next_key, holds_something, is_known = {}, 3, false, nil

local function next_keys(measure)
  local key = KEYS[next_key]
  next_key = next_key + 1
  if measure == 'requests' or measure == 'concurrency' then return key, nil end
  next_key = next_key + 1
  return key, KEYS[next_key - 1]
end

local moved = look_at_age(KEYS[1], ARGV[5], ARGV[6])

for a = 7, #ARGV, 6 do
  local limit = {
    measure = ARGV[a],
    capacity = tonumber(ARGV[a + 1]),
    window = window_of(ARGV[a + 2]),
    amount = tonumber(ARGV[a + 3]),
    shadow = ARGV[a + 4] == '1',
  }
  limit.key, limit.set = next_keys(limit.measure)
  if ARGV[a + 5] ~= '' then
    limit.name, limit.names = ARGV[a + 5], KEYS[next_key]
    next_key = next_key + 1
    limit.shared_key, limit.shared_set = next_keys(limit.measure)
    choose(limit)
  end
  if limit.measure == 'counted' then
    if is_known == nil then is_known = redis.call('HEXISTS', KEYS[2], request_id) == 1 end
    limit.is_repeated = is_known
  end
  limits[#limits + 1] = limit
end

local refused_by, retry_after, fits = 0, 0, 1
for i, limit in ipairs(limits) do
  look[limit.measure](limit)
  if limit.measure == 'cost' and not limit.shadow
    and is_limit_lost(KEYS[1], limit, now) then
    return { rolled_back == 'moved' and -2 or -1 }
  end
  if limit.used + limit.amount > limit.capacity
    and not is_held(limit) then
    limit.reached = true
    if not limit.shadow then
      local seconds = wait[limit.measure](limit)
      local never = limit.amount > limit.capacity
      if refused_by == 0 or (never and fits == 1) or (seconds > retry_after and (never or fits == 1)) then
        refused_by, retry_after = i, seconds
        if never then fits = 0 end
      end
    end
  end
end

local admitted_at = now
if refused_by == 0 and lease > 0 then
  local new = 0
  for _, limit in ipairs(limits) do
    if not limit.reached then
      if limit.measure ~= 'requests' and limit.measure ~= 'counted' then holds_something = true end
      local added = hold[limit.measure](limit)
      if limit.names then note_name(limit.names, limit.name, name_ends(limit), now) end
      limit.used = limit.used + added * limit.amount
      new = new + added
    end
  end
  local known = new == 0 and holds_something and redis.call('HGET', KEYS[2], request_id)
  if known then
    admitted_at = tonumber(string.match(known, '"admitted_at":(%d+)'))
  elseif holds_something then
    redis.call('HSET', KEYS[2], request_id, '{"admitted_at":' .. text(now) ..
      ',"expires_at":' .. text(now + lease) .. ',"note":' .. ARGV[3] .. '}')
    keep(KEYS[2], 2 * DAY + lease)
  elseif new == 0 then
    for _, limit in ipairs(limits) do
      if limit.measure == 'requests' then
        admitted_at = tonumber(redis.call('ZSCORE', limit.key, request_id) or now)
        break
      end
    end
  end
end

if is_moved then moved = note_moved(KEYS[1], moved, now) end

local reply = { refused_by, retry_after, fits, admitted_at, moved }
for _, limit in ipairs(limits) do
  reply[#reply + 1] = limit.reached and 1 or 0
  reply[#reply + 1] = math.max(0, limit.capacity - limit.used)
  reply[#reply + 1] = reset(limit)
  reply[#reply + 1] = limit.is_shared and 1 or 0
end
return reply
