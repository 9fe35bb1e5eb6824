-- Gives back an attempt that was right but could not be accepted.
-- KEYS: generation, challenge, events, budgets…
-- ARGV: generation, now, number of budgets, budgets…
-- Returns: 1 given back | 0 nothing to give back | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c or c[STATUS] ~= 'pending' or tonumber(c[ATTEMPTS]) <= tonumber(c[JUDGED]) then return 0 end

redis.call('HINCRBY', KEYS[2], 'attempts', -1)
local entry = {}
give_failures_back(values, 4, 4, tonumber(ARGV[3]), tonumber(ARGV[2]), false, entry)
if #entry > 0 then redis.call('XADD', KEYS[3], '*', unpack(entry)) end
return 1
