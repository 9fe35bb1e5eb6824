-- Adds to a counter of requests, which lives until its window ends.
-- KEYS: counter
-- ARGV: uses, ttlMs
-- Returns: the new total
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if total == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return total
