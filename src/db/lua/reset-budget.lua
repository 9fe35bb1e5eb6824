-- Clears a budget. What is kept is its version, so that an older copy cannot come back.
-- KEYS: generation, budget, events
-- ARGV: generation, now, event
-- Returns: 1 | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local version = tonumber(string.match(values[2] or '0', '(%d+)$'))
local state = string.format('0:%d:0:0:%d', now, math.max(now, version + 1))
redis.call('SET', KEYS[2], state, 'PX', 86400000)
redis.call('XADD', KEYS[3], '*', 'e', ARGV[3], string.match(KEYS[2], '^{.-}(.*)$'), state)
return 1
