-- Starts a run of a keyed request, or says why not.
-- KEYS: record
-- ARGV: fingerprint, seed, now, leasedUntil, keptMs
-- Returns: ['run', seed, leasedUntil] | ['running', '', leasedUntil] | ['done', answer] | ['mismatch']
local r = redis.call('HMGET', KEYS[1], 'fingerprint', 'seed', 'leased_until', 'answer')
if not r[1] then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'seed', ARGV[2], 'leased_until', ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return { 'run', ARGV[2], ARGV[4] }
end
if r[1] ~= ARGV[1] then return { 'mismatch' } end
if r[4] then return { 'done', r[4] } end
if tonumber(r[3]) > tonumber(ARGV[3]) then return { 'running', '', r[3] } end
redis.call('HSET', KEYS[1], 'leased_until', ARGV[4])
return { 'run', r[2], ARGV[4] }
