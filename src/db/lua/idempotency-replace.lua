-- Puts something else in the place of a kept answer; its key stays used for as long as before.
-- KEYS: record
-- ARGV: answer
-- Returns: 1 | 0 there is none
if redis.call('HEXISTS', KEYS[1], 'answer') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'answer', ARGV[1])
return 1
