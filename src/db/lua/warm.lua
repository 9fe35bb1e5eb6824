-- Puts budgets back that Redis has lost. Where both copies know a budget, the newer one stays.
-- KEYS: budgets…
-- ARGV: of each its state as SQL has it
-- Returns: how many were put back
local DAY_MS = 86400000
local restored = 0
local values = redis.call('MGET', unpack(KEYS))
for i, key in ipairs(KEYS) do
  local in_a_row, version = string.match(ARGV[i], '(%d+):(%d+)$')
  local known = tonumber(string.match(values[i] or '0', '(%d+)$'))
  if tonumber(version) > known then
    -- How long its window is only its next user knows.
    if in_a_row == '0' then redis.call('SET', key, ARGV[i], 'PX', 31 * DAY_MS) else redis.call('SET', key, ARGV[i]) end
    restored = restored + 1
  end
end
return restored
