-- Gives back an attempt that was right but could not be accepted.
-- KEYS: generation, state, budgets…, facts, due, events
-- ARGV: generation, now, budgets…
-- Returns: 1 given back | 0 nothing to give back | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c or c[STATUS] ~= 'pending' or number(c, ATTEMPTS) <= number(c, JUDGED) then return 0 end

add(c, ATTEMPTS, -1)
save(c)
local entry = {}
give_failures_back(values, 3, 3, #ARGV - 2, tonumber(ARGV[2]), false, entry)
if #entry > 0 then redis.call('XADD', events_key(), '*', unpack(entry)) end
return 1
