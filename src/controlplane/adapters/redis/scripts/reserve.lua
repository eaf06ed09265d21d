-- Decide every limit of one request together: all are taken, or none.
--
-- KEYS[1]  ledger:{org}, KEYS[2]  holds:{org}; then the keys of each limit: one for requests and
--          concurrency, two (counter, its holds) for tokens and cost
-- ARGV     request id, lease in microseconds, note (JSON), and for each limit: measure, capacity,
--          window ('day', 'month' or microseconds), amount, '1' for a shadow limit
--
-- Returns { refused_by, retry_after_us, fits, admitted_at_us, then for each limit: reached,
-- remaining, reset_us }. refused_by is the index of the limit that makes the caller wait longest, 0
-- when the request is admitted, -1 where the ledger is lost. Refused requests leave no trace: a
-- steady caller above its limit still gets its share. Repeating a request that is held changes
-- nothing. A shadow limit counts for itself and refuses nobody. A lease of 0 only looks.

local now = redis_now()
local request_id, lease = ARGV[1], tonumber(ARGV[2])
local SECOND = 1000000

local look, hold, wait = {}, {}, {}

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
  if not limit.shadow then renew_ledger(KEYS[1], limit.key, limit.window, now) end
  return added
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
  if type(limit.window) == 'string' then
    return leaves_at(limit.window, bucket_of(limit.window, now)) - now
  end
  for _, entry in ipairs(buckets_in(limit.key)) do
    missing = missing - entry[2]
    if missing <= 0 then return leaves_at(limit.window, entry[1]) - now end
  end
  return limit.window
end
wait.cost = wait.tokens

local function reset(limit)
  if limit.measure == 'concurrency' then return 0 end
  if limit.measure == 'requests' then
    local oldest = redis.call('ZRANGE', limit.key, 0, 0, 'WITHSCORES')
    return oldest[2] and tonumber(oldest[2]) + limit.window - now or 0
  end
  if type(limit.window) == 'string' then
    return leaves_at(limit.window, bucket_of(limit.window, now)) - now
  end
  return limit.first and leaves_at(limit.window, limit.first) - now or 0
end

local limits, next_key, holds_something = {}, 3, false
for a = 4, #ARGV, 5 do
  local limit = {
    measure = ARGV[a],
    capacity = tonumber(ARGV[a + 1]),
    window = tonumber(ARGV[a + 2]) or ARGV[a + 2],
    amount = tonumber(ARGV[a + 3]),
    shadow = ARGV[a + 4] == '1',
    key = KEYS[next_key],
  }
  next_key = next_key + 1
  if limit.measure == 'tokens' or limit.measure == 'cost' then
    limit.set = KEYS[next_key]
    next_key = next_key + 1
  end
  limits[#limits + 1] = limit
end

local refused_by, retry_after, fits = 0, 0, 1
for i, limit in ipairs(limits) do
  look[limit.measure](limit)
  if limit.measure == 'cost' and not limit.shadow
    and is_lost(KEYS[1], limit.key, limit.exists, now) then
    return { -1 }
  end
  if limit.used + limit.amount > limit.capacity
    and not redis.call('ZSCORE', limit.set or limit.key, limit.member) then
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
      if limit.measure ~= 'requests' then holds_something = true end
      local added = hold[limit.measure](limit)
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

local reply = { refused_by, retry_after, fits, admitted_at }
for _, limit in ipairs(limits) do
  reply[#reply + 1] = limit.reached and 1 or 0
  reply[#reply + 1] = math.max(0, limit.capacity - limit.used)
  reply[#reply + 1] = reset(limit)
end
return reply
