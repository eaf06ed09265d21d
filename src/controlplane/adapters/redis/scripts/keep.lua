-- Replace a value that ends with what only its owner wrote: KEYS[1], ARGV[1] the ending, ARGV[2] the
-- new value, ARGV[3] for how many seconds. A claim that has gone to somebody else stays.

local value = redis.call('GET', KEYS[1])
if value and string.sub(value, -#ARGV[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
  return 1
end
return 0
