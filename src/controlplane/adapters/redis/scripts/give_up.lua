-- Remove a value that ends with what only its owner wrote: KEYS[1], ARGV[1] the ending.
--
-- An answer, or the claim of somebody else, stays.

local value = redis.call('GET', KEYS[1])
if value and string.sub(value, -#ARGV[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
