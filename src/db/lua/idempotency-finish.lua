-- Keeps the answer of a keyed request; the first one stays.
-- KEYS: record
-- ARGV: answer, keptMs
-- Returns: the answer that is kept
if redis.call('EXISTS', KEYS[1]) == 0 then return ARGV[1] end
if redis.call('HSETNX', KEYS[1], 'answer', ARGV[1]) == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return ARGV[1]
end
return redis.call('HGET', KEYS[1], 'answer')
