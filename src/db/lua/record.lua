-- Records an event about a challenge outside any transition.
-- KEYS: generation, state, facts, due, events
-- ARGV: generation, now, event
-- Returns: 1 | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if c then
  append_event(c, ARGV[3])
  save(c)
else
  -- Forgotten by now: the recorder gives it its number.
  redis.call('XADD', events_key(), '*', 'e', ARGV[3], 'l', '')
end
return 1
