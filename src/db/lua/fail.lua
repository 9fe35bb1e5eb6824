-- After a wrong answer: one more attempt is judged. Ends the challenge when none is left, nor being judged.
-- KEYS: generation, challenge, due, events
-- ARGV: generation, now, id, maxAttempts, event of the failure, event when exhausted, what else the failure brought about…
-- Returns: [status, attempts remaining] | 'gone' | 'COLD'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c then
  redis.call('XADD', KEYS[4], '*', 'e', ARGV[5], 'x', '{"evaluated":true}', 'l', '')
  return 'gone'
end

local max = tonumber(ARGV[4])
local pending = c[STATUS] == 'pending'
c[JUDGED] = math.min(tonumber(c[ATTEMPTS]), c[JUDGED] + 1)
local remaining = pending and math.max(0, max - c[ATTEMPTS]) or 0
local extra = string.format('{"evaluated":true,"attempts_remaining":%.0f}', remaining)

append_event(KEYS[4], c, ARGV[5], extra)
for i = 7, #ARGV do append_event(KEYS[4], c, ARGV[i]) end
if pending and remaining == 0 and c[JUDGED] >= tonumber(c[ATTEMPTS]) then
  end_challenge(c, 'exhausted', tonumber(ARGV[2]), KEYS[3], ARGV[3])
  append_event(KEYS[4], c, ARGV[6])
  save_ended(KEYS[2], c)
else
  redis.call('HSET', KEYS[2], 'judged', c[JUDGED], 'sequence', c[SEQUENCE])
end
return { c[STATUS], remaining }
