-- Counts one attempt, and one failure against every budget, before anything is judged.
-- KEYS: generation, challenge, due, events, budgets…
-- ARGV: generation, now, id, attempt, expiresAt, maxAttempts, context ('' = fine | 'required' | 'mismatch'),
--       length of the code ('' = fine | 'wrong'), event when refused, the same as a replay, event when canceled,
--       lock found in other slots: name ('' = none), until; number of budgets, budgets…
-- Returns: [kind, detail, until, fields of the challenge…]; 'gone' | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c then return 'gone' end

local now = tonumber(ARGV[2])

local function answer(kind, detail, until_when)
  return { kind, detail or '', until_when or '', unpack(c, 1, SEALED) }
end

local function record_refusal(event, reason)
  append_event(KEYS[4], c, event, '{"reason":"' .. reason .. '","evaluated":false}')
  redis.call('HSET', KEYS[2], 'sequence', c[SEQUENCE])
end

local function refuse(reason)
  record_refusal(ARGV[9], reason)
  return answer('refused', reason)
end

if c[STATUS] == 'approved' then
  record_refusal(ARGV[10], 'already_used')
  return c[BY] == ARGV[4] and answer('approved') or answer('refused', 'already_used')
end
if c[STATUS] ~= 'pending' then return refuse(c[STATUS]) end
if now >= tonumber(ARGV[5]) then return refuse('expired') end
if ARGV[7] == 'required' then
  record_refusal(ARGV[9], 'context_required')
  return answer('context_required')
end
if ARGV[7] == 'mismatch' then
  end_challenge(c, 'canceled', now, KEYS[3], ARGV[3])
  append_event(KEYS[4], c, ARGV[9], '{"reason":"context_mismatch","evaluated":false}')
  append_event(KEYS[4], c, ARGV[11])
  save_ended(KEYS[2], c)
  return answer('refused', 'context_mismatch')
end
if ARGV[8] == 'wrong' then return answer('malformed') end

local budgets = read_budgets(values, 5, 15, tonumber(ARGV[14]))
local locked, locked_until = find_locked(budgets, now)
if ARGV[12] ~= '' then locked, locked_until = ARGV[12], ARGV[13] end
if locked then
  record_refusal(ARGV[9], 'locked')
  return answer('locked', locked, locked_until)
end
if tonumber(c[ATTEMPTS]) >= tonumber(ARGV[6]) then return refuse('exhausted') end

c[ATTEMPTS] = redis.call('HINCRBY', KEYS[2], 'attempts', 1)
if #budgets > 0 then
  local entry = {}
  for _, b in ipairs(budgets) do
    count_failure(b, now)
    save_budget(b, now, entry)
  end
  redis.call('XADD', KEYS[4], '*', unpack(entry))
end
return answer('ok')
