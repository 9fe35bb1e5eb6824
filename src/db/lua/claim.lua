-- Leases one due challenge: raises rev, so that whoever held it before can change nothing any more.
-- KEYS: generation, state, facts, due, events
-- ARGV: generation, now, id, leaseMs
-- Returns: [facts, state] | 'none' when it is gone or no longer due | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local c = parse_state(values[2])
local facts = c and redis.call('GET', facts_key())
if not facts then
  redis.call('ZREM', due_key(), ARGV[3])
  return 'none'
end
if c[DUE] == NONE or tonumber(c[DUE]) > now then return 'none' end

add(c, REV, 1)
set_due(ARGV[3], c, string.format('%d', now + ARGV[4]))
save(c)
return { facts, state_of(c) }
