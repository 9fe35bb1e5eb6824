-- Stores a new challenge, takes its limits, records the event: all or (but for the refusal's event) nothing.
-- KEYS: generation, challenge, due, events, budgets…, limits…
-- ARGV: generation, now, id, ttlMs, dueAt, event when created, event when refused, snapshot, facts,
--       lock found in other slots: name ('' = none), until; limit hit in other slots: position ('' = none), name, retryAt;
--       number of budgets, budgets…, limits…, then the fields of the hash and their values
-- Returns: 'created' | 'exists' | ['locked', name, until] | ['limited', name, retryAt] | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
if redis.call('EXISTS', KEYS[2]) == 1 then return 'exists' end

local now = tonumber(ARGV[2])
local budget_count = tonumber(ARGV[15])
local limit_key = 5 + budget_count
local limit_count = #KEYS - limit_key + 1
local limit_arg = 16 + BUDGET_ARGS * budget_count

local function refuse(kind, name, until_when)
  redis.call('XADD', KEYS[4], '*', 'e', ARGV[7], 'x', '{"limit":' .. cjson.encode(name) .. '}')
  return { kind, name, until_when }
end

local locked, locked_until = find_locked(read_budgets(values, 5, 16, budget_count), now)
if ARGV[10] ~= '' then locked, locked_until = ARGV[10], ARGV[11] end
if locked then return refuse('locked', locked, locked_until) end

local taken, position, name, retry_at = take_limits(values, limit_key, limit_arg, limit_count, now)
local elsewhere = tonumber(ARGV[12])
if elsewhere and (taken or elsewhere < position) then taken, name, retry_at = nil, ARGV[13], ARGV[14] end
if not taken then return refuse('limited', name, retry_at) end

save_limits(taken)
redis.call('HSET', KEYS[2], 'facts', ARGV[9], unpack(ARGV, limit_arg + LIMIT_ARGS * limit_count))
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[5] ~= '' then redis.call('ZADD', KEYS[3], ARGV[5], ARGV[3]) end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[6], 'q', 1, 's', ARGV[8], 'c', ARGV[9])
return 'created'
