-- Gives back an attempt that nobody could judge, or that was right and could not be accepted, or whose approval is not
-- going to be answered. To the budgets that one's failure was given back when it approved.
-- KEYS: generation, state, budgets…, facts, due, events
-- ARGV: generation, now, attempt, budgets…
-- Returns: 1 given back | 2 given back, it had approved | 0 nothing to give back | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c then return 0 end

local function take_one(word) c[word] = string.format('%d', math.max(0, c[word] - 1)) end

if c[STATUS] == 'approved' and c[BY] == ARGV[3] then
  take_one(ATTEMPTS)
  take_one(JUDGED)
  save(c)
  return 2
end
local open = c[STATUS] == 'pending' or c[STATUS] == 'approved'
if not open or number(c, ATTEMPTS) <= number(c, JUDGED) then return 0 end

take_one(ATTEMPTS)
save(c)
local entry = {}
give_failures_back(values, 3, 4, #ARGV - 3, tonumber(ARGV[2]), false, entry)
if #entry > 0 then redis.call('XADD', events_key(), '*', unpack(entry)) end
return 1
