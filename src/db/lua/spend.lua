-- Counts one attempt, and one failure against every budget, before anything is judged.
-- KEYS: generation, challenge, due, events, budgets…
-- ARGV: generation, now, id, attempt, expiresAt, maxAttempts, context ('' = fine | 'required' | 'mismatch'),
--       length of the code ('' = fine | 'wrong'), event when refused, event when canceled,
--       lock found in other slots: name ('' = none), until; number of budgets, budgets…
-- Returns: [kind, detail, until, fields of the challenge…]; 'gone' | 'COLD'. detail of 'ok': the budgets' states after it
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c then return 'gone' end

local now = tonumber(ARGV[2])

local function answer(kind, detail, until_when)
  return { kind, detail or '', until_when or '', unpack(c, 1, SEALED) }
end

-- type: another one than the event says.
local function record_refusal(reason, type)
  append_event(KEYS[4], c, ARGV[9], '{"reason":"' .. reason .. '","evaluated":false}', type and { 't', type })
  redis.call('HSET', KEYS[2], 'sequence', c[SEQUENCE])
end

local function refuse(reason)
  record_refusal(reason)
  return answer('refused', reason)
end

if c[STATUS] == 'approved' then
  record_refusal('already_used', 'verification.replayed')
  return c[BY] == ARGV[4] and answer('approved') or answer('refused', 'already_used')
end
if c[STATUS] ~= 'pending' then return refuse(c[STATUS]) end
if now >= tonumber(ARGV[5]) then return refuse('expired') end
if ARGV[7] == 'required' then
  record_refusal('context_required')
  return answer('context_required')
end
if ARGV[7] == 'mismatch' then
  end_challenge(c, 'canceled', now, KEYS[3], ARGV[3])
  append_event(KEYS[4], c, ARGV[9], '{"reason":"context_mismatch","evaluated":false}')
  append_event(KEYS[4], c, ARGV[10])
  save_ended(KEYS[2], c)
  return answer('refused', 'context_mismatch')
end
if ARGV[8] == 'wrong' then return answer('malformed') end

local budget_count = tonumber(ARGV[13])
local locked, locked_until = find_locked(values, 5, 14, budget_count, now)
if ARGV[11] ~= '' then locked, locked_until = ARGV[11], ARGV[12] end
if locked then
  record_refusal('locked')
  return answer('locked', locked, locked_until)
end
if tonumber(c[ATTEMPTS]) >= tonumber(ARGV[6]) then return refuse('exhausted') end

local states = {}
c[ATTEMPTS] = redis.call('HINCRBY', KEYS[2], 'attempts', 1)
if budget_count > 0 then
  local entry = {}
  count_failures(values, 5, 14, budget_count, now, entry)
  redis.call('XADD', KEYS[4], '*', unpack(entry))
  for i = 2, #entry, 2 do states[#states + 1] = entry[i] end
end
return answer('ok', table.concat(states, ' '))
