-- After a right answer: approves, for one caller only, and gives this attempt's failure back to the budgets.
-- KEYS: generation, state, budgets…, facts, due, events
-- ARGV: generation, now, id, attempt, event, approving attempts that do not count, budgets…
-- Returns: 1 approved | 0 not pending any more | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c then return 0 end
local resumed = is_unfinished(c, ARGV[6])
if c[STATUS] ~= 'pending' and not resumed then return 0 end

local now = tonumber(ARGV[2])
local entry = resumed and { 't', 'verification.approval_resumed' } or {}
judge_one(c)
c[BY] = ARGV[4]
if not resumed then end_challenge(c, 'approved', now, ARGV[3]) end
give_failures_back(values, 3, 7, #ARGV - 6, now, true, entry)
append_event(c, ARGV[5], nil, entry)
if resumed then save(c) else save_ended(c) end
return 1
