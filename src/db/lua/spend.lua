-- Counts one attempt, and one failure against every budget, before anything is judged.
-- KEYS: generation, state, budgets…, facts, due, events
-- ARGV: generation, now, id, attempt, expiresAt, maxAttempts, context ('' = fine | 'required' | 'mismatch'),
--       length of the code ('' = fine | 'wrong'), event when refused, event when canceled,
--       lock found in other slots: name ('' = none), until; approving attempts that do not count
--       ('' = nobody has looked for them); budgets…
-- Returns: [kind, detail, until, state]; 'gone' | 'COLD'. detail of 'ok': the budgets' states after it
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c then return 'gone' end

local now = tonumber(ARGV[2])

local function answer(kind, detail, until_when)
  return { kind, detail or '', until_when or '', state_of(c) }
end

-- type: another one than the event says.
local function record_refusal(reason, type)
  local entry = with_facts()
  if type then entry[3], entry[4] = 't', type end
  append_event(c, ARGV[9], '{"reason":"' .. reason .. '","evaluated":false}', entry)
end

local function refuse(reason)
  record_refusal(reason)
  save(c)
  return answer('refused', reason)
end

local unfinished = is_unfinished(c, ARGV[13])
if c[STATUS] == 'approved' and not unfinished then
  local approved = request_of(c[BY]) == request_of(ARGV[4])
  if approved or ARGV[13] ~= '' then
    record_refusal('already_used', 'verification.replayed')
    save(c)
  end
  return approved and answer('approved') or answer('refused', 'already_used')
end
if c[STATUS] ~= 'pending' and not unfinished then return refuse(c[STATUS]) end
if now >= tonumber(ARGV[5]) then return refuse('expired') end
if ARGV[7] == 'required' then
  record_refusal('context_required')
  save(c)
  return answer('context_required')
end
if ARGV[7] == 'mismatch' and unfinished then return refuse('context_mismatch') end
if ARGV[7] == 'mismatch' then
  end_challenge(c, 'canceled', now, ARGV[3])
  record_refusal('context_mismatch')
  append_event(c, ARGV[10], nil, with_facts())
  save_ended(c)
  return answer('refused', 'context_mismatch')
end
if ARGV[8] == 'wrong' then return answer('malformed') end

local first_budget = 14
local budget_count = #ARGV - first_budget + 1
local locked, locked_until = find_locked(values, 3, first_budget, budget_count, now)
if ARGV[11] ~= '' then locked, locked_until = ARGV[11], ARGV[12] end
if locked then
  record_refusal('locked')
  save(c)
  return answer('locked', locked, locked_until)
end
if number(c, ATTEMPTS) >= tonumber(ARGV[6]) then return refuse('exhausted') end

local states = {}
add(c, ATTEMPTS, 1)
if unfinished then set_due(ARGV[3], c, string.format('%d', now + RECONCILE_MS)) end
save(c)
if budget_count > 0 then
  local entry = {}
  count_failures(values, 3, first_budget, budget_count, now, entry)
  redis.call('XADD', events_key(), '*', unpack(entry))
  for i = 2, #entry, 2 do states[#states + 1] = entry[i] end
end
return answer('ok', table.concat(states, ' '))
