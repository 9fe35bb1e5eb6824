-- After a wrong answer: one more attempt is judged. Ends the challenge when none is left, nor being judged.
-- KEYS: generation, state, facts, due, events
-- ARGV: generation, now, id, maxAttempts, event of the failure, event when exhausted,
--       approving attempts that do not count, what else the failure brought about…
-- Returns: [status, attempts remaining] | 'gone' | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c then
  redis.call('XADD', events_key(), '*', 'e', ARGV[5], 'x', '{"evaluated":true}', 'l', '')
  return 'gone'
end

local pending = c[STATUS] == 'pending'
judge_one(c)
local unfinished = is_unfinished(c, ARGV[7])
local remaining = (pending or unfinished) and math.max(0, ARGV[4] - c[ATTEMPTS]) or 0
append_event(c, ARGV[5], string.format('{"evaluated":true,"attempts_remaining":%d}', remaining))
for i = 8, #ARGV do append_event(c, ARGV[i]) end
if pending and remaining == 0 and number(c, JUDGED) >= number(c, ATTEMPTS) then
  end_challenge(c, 'exhausted', tonumber(ARGV[2]), ARGV[3])
  append_event(c, ARGV[6], nil, with_facts())
  save_ended(c)
else
  save(c)
end
return { unfinished and 'pending' or c[STATUS], remaining }
