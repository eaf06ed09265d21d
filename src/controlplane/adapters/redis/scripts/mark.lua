-- Begin a new epoch where Redis is older than what its caller has seen of it.
--
-- KEYS[1]  mark: `epoch` and `seq`, which grows with every change that must not be undone
-- ARGV     the epoch and seq that the caller has seen, 1 where it has seen otherwise that Redis is
--          older
--
-- Returns the epoch and the seq that hold now. Who comes second, with an epoch that is over, begins
-- none.

local time = redis.call('TIME')
local seen, seen_seq = tonumber(ARGV[1]), tonumber(ARGV[2])
local fields = redis.call('HMGET', KEYS[1], 'epoch', 'seq')
local epoch, seq = tonumber(fields[1] or 0), tonumber(fields[2] or 0)
if epoch == 0 or epoch < seen or (epoch == seen and (seq < seen_seq or ARGV[3] == '1')) then
  epoch = math.max(tonumber(time[1]) * 1000000 + tonumber(time[2]), seen + 1, epoch + 1)
  seq = math.max(seq, seen_seq)
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch), 'seq', string.format('%.0f', seq))
  -- Every key has an end, as caches that evict want it; this one's is far.
  redis.call('EXPIRE', KEYS[1], 3650 * 86400)
end
return { epoch, seq }
