-- Ends the lease of a run that gives its key back without an answer, if it still holds it.
-- KEYS: record
-- ARGV: leasedUntil
-- Returns: 1 | 0
local r = redis.call('HMGET', KEYS[1], 'leased_until', 'answer')
if r[1] ~= ARGV[1] or r[2] then return 0 end
redis.call('HSET', KEYS[1], 'leased_until', 0)
return 1
