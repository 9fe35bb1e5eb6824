-- Leases one due challenge: raises rev, so that whoever held it before can change nothing any more.
-- KEYS: generation, challenge, due
-- ARGV: generation, now, id, leaseMs
-- Returns: [facts, fields of the challenge…] | 'none' when it is gone or no longer due | 'COLD'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local c = read_challenge(KEYS[2])
if not c then
  redis.call('ZREM', KEYS[3], ARGV[3])
  return 'none'
end
if not present(c[DUE]) or tonumber(c[DUE]) > now then return 'none' end

c[REV] = c[REV] + 1
set_due(KEYS[3], ARGV[3], c, time(now + ARGV[4]))
redis.call('HSET', KEYS[2], 'rev', c[REV], 'due', c[DUE])
return { redis.call('HGET', KEYS[2], 'facts'), unpack(c, 1, SEALED) }
