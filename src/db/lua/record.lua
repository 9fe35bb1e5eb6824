-- Records an event about a challenge outside any transition.
-- KEYS: generation, challenge, events
-- ARGV: generation, now, event
-- Returns: 1 | 'COLD'
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if c then
  append_event(KEYS[3], c, ARGV[3])
  redis.call('HSET', KEYS[2], 'sequence', c[SEQUENCE])
else
  -- Forgotten by now: the recorder gives it its number.
  redis.call('XADD', KEYS[3], '*', 'e', ARGV[3], 'l', '')
end
return 1
