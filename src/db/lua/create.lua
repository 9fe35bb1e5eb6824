-- Stores a new challenge, takes its limits, records the event: all or (but for the refusal's event) nothing.
-- KEYS: generation, challenge, due, events, budgets…, limits…
-- ARGV: generation, now, id, ttlMs, event when created, event when refused, snapshot, facts,
--       sends, step, nextSendAt, dueAt, rev, code, sealed,
--       lock found in other slots: name ('' = none), until; names of limits, places, place of a limit hit in other slots, retryAt;
--       number of budgets, budgets…, limits…
-- Returns: 'created' | 'exists' | ['locked', name, until] | ['limited', name, retryAt] | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
if redis.call('EXISTS', KEYS[2]) == 1 then return 'exists' end

local now = tonumber(ARGV[2])
local budget_count = tonumber(ARGV[22])
local limit_key = 5 + budget_count
local limit_arg = 23 + BUDGET_ARGS * budget_count

local function refuse(kind, name, until_when)
  redis.call('XADD', KEYS[4], '*', 'e', ARGV[6], 'x', '{"limit":' .. cjson.encode(name) .. '}')
  return { kind, name, until_when }
end

local locked, locked_until = find_locked(values, 5, 23, budget_count, now)
if ARGV[16] ~= '' then locked, locked_until = ARGV[16], ARGV[17] end
if locked then return refuse('locked', locked, locked_until) end

local taken, name, retry_at =
  take_all_limits(values, limit_key, limit_arg, #KEYS - limit_key + 1, now, ARGV[18], ARGV[19], ARGV[20], ARGV[21])
if not taken then return refuse('limited', name, retry_at) end

save_limits(limit_key, taken)
redis.call(
  'HSET', KEYS[2], 'facts', ARGV[8], 'status', 'pending', 'attempts', 0, 'judged', 0, 'sends', ARGV[9], 'step', ARGV[10],
  'next', ARGV[11], 'due', ARGV[12], 'rev', ARGV[13], 'sequence', 1, 'code', ARGV[14], 'sealed', ARGV[15]
)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if ARGV[12] ~= '' then redis.call('ZADD', KEYS[3], ARGV[12], ARGV[3]) end
redis.call('XADD', KEYS[4], '*', 'e', ARGV[5], 'q', 1, 's', ARGV[7], 'c', ARGV[8])
return 'created'
