-- After a right answer: approves, for one caller only, and gives this attempt's failure back to the budgets.
-- KEYS: generation, state, budgets…, facts, due, events
-- ARGV: generation, now, id, attempt, event, budgets…
-- Returns: 1 approved | 0 not pending any more | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c or c[STATUS] ~= 'pending' then return 0 end

local now = tonumber(ARGV[2])
local entry = {}
judge_one(c)
c[BY] = ARGV[4]
end_challenge(c, 'approved', now, ARGV[3])
give_failures_back(values, 3, 6, #ARGV - 5, now, true, entry)
append_event(c, ARGV[5], nil, entry)
save_ended(c)
return 1
