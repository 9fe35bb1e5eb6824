-- Redis Cluster: gives the failure of one attempt back to the budgets that live in this slot.
-- KEYS: generation, events, budgets…
-- ARGV: generation, now, '1' when the attempt was approved | '0', budgets…
-- Returns: 1 | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local entry = {}
give_failures_back(values, 3, 4, #ARGV - 3, tonumber(ARGV[2]), ARGV[3] == '1', entry)
if #entry > 0 then redis.call('XADD', KEYS[2], '*', unpack(entry)) end
return 1
