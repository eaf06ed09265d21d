-- Decide every limit of one request together: all are taken, or none.
--
-- KEYS[i]      the log of limit i: a sorted set, member = request id, score = time in microseconds
-- ARGV[1]      request id
-- ARGV[2i]     capacity of limit i
-- ARGV[2i+1]   window of limit i in microseconds
--
-- Returns { refused_by, retry_after_us, remaining_1, reset_us_1, remaining_2, ... }; refused_by is
-- the 1-based index of the limit that makes the caller wait longest, 0 when the request is admitted.
-- The time is Redis's own, so that no client's clock matters. Refused requests leave no trace: a
-- steady caller above its limit still gets its share. Repeating an admitted request id changes
-- nothing.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local request_id = ARGV[1]
local refused_by, retry_after = 0, 0
local counts = {}

for i, key in ipairs(KEYS) do
  local capacity, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  counts[i] = redis.call('ZCARD', key)
  if counts[i] >= capacity and not redis.call('ZSCORE', key, request_id) then
    -- A place is free when the entry that is `capacity` from the end has left the window.
    local leaving = redis.call('ZRANGE', key, counts[i] - capacity, counts[i] - capacity, 'WITHSCORES')
    local wait = leaving[2] and tonumber(leaving[2]) + window - now or window
    if refused_by == 0 or wait > retry_after then
      refused_by, retry_after = i, wait
    end
  end
end

local reply = { refused_by, retry_after }
for i, key in ipairs(KEYS) do
  local capacity, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  if refused_by == 0 then
    counts[i] = counts[i] + redis.call('ZADD', key, 'NX', now, request_id)
    redis.call('PEXPIRE', key, math.ceil(window / 1000))
  end
  local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  reply[#reply + 1] = math.max(0, capacity - counts[i])
  reply[#reply + 1] = oldest[2] and tonumber(oldest[2]) + window - now or 0
end
return reply
