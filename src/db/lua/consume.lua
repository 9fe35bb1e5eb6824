-- After a right answer: approves, for one caller only, and gives this attempt's failure back to the budgets.
-- KEYS: generation, challenge, due, events, budgets…
-- ARGV: generation, now, id, attempt, event, number of budgets, budgets…
-- Returns: 1 approved | 0 not pending any more | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c or c[STATUS] ~= 'pending' then return 0 end

local now = tonumber(ARGV[2])
local entry = {}
c[JUDGED] = math.min(tonumber(c[ATTEMPTS]), c[JUDGED] + 1)
c[BY] = ARGV[4]
end_challenge(c, 'approved', now, KEYS[3], ARGV[3])
give_failures_back(values, 5, 7, tonumber(ARGV[6]), now, true, entry)
append_event(KEYS[4], c, ARGV[5], nil, entry)
save_ended(KEYS[2], c)
return 1
