-- Stores a new challenge, takes its limits, records the event: all or (but for the refusal's event) nothing.
-- KEYS: generation, state, budgets…, keys of limits…, facts, due, events
-- ARGV: generation, now, id, ttlMs, event when created, event when refused, facts, terms, state, dueAt,
--       lock found in other slots: name ('' = none), until; names of limits, limit hit in other slots,
--       number of keys of limits, their arguments, budgets…
-- Returns: 'created' | 'exists' | ['locked', name, until] | ['limited', name, retryAt] | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
if values[2] then return 'exists' end

local now = tonumber(ARGV[2])
local facts = ARGV[7]
local limit_count = tonumber(ARGV[15])
local first_budget = 16 + LIMIT_ARGS * limit_count
local budget_count = #ARGV - first_budget + 1

local function refuse(kind, name, until_when)
  redis.call('XADD', events_key(), '*', 'e', ARGV[6], 'f', facts, 'x', '{"limit":' .. cjson.encode(name) .. '}')
  return { kind, name, until_when }
end

local locked, locked_until = find_locked(values, 3, first_budget, budget_count, now)
if ARGV[11] ~= '' then locked, locked_until = ARGV[11], ARGV[12] end
if locked then return refuse('locked', locked, locked_until) end

local first_limit = 3 + budget_count
local taken, name, retry_at = take_all_limits(values, first_limit, 16, limit_count, now, ARGV[13], ARGV[14])
if not taken then return refuse('limited', name, retry_at) end

save_limits(first_limit, limit_count, taken)
redis.call('SET', facts_key(), facts .. '\n' .. ARGV[8], 'PX', ARGV[4])
redis.call('SET', KEYS[2], ARGV[9], 'PX', ARGV[4])
if ARGV[10] ~= NONE then redis.call('ZADD', due_key(), ARGV[10], ARGV[3]) end
redis.call('XADD', events_key(), '*', 'e', ARGV[5], 'f', facts, 's', string.match(ARGV[9], '^%S+ %S+ (.*)$'))
return 'created'
