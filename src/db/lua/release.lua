-- Redis Cluster: gives back what reserve.lua took.
-- KEYS: generation, events, budgets…, counters of limits…
-- ARGV: generation, now, '1' when the attempt was approved | '0', number of budgets, budgets…, then of each counter its
--       started when it was taken: a window opened since is left alone
-- Returns: 1 | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local count = tonumber(ARGV[4])
local entry = {}
give_failures_back(values, 3, 5, count, tonumber(ARGV[2]), ARGV[3] == '1', entry)
if #entry > 0 then redis.call('XADD', KEYS[2], '*', unpack(entry)) end

local first_arg = 5 + BUDGET_ARGS * count
for i = 3 + count, #KEYS do
  local n, started = string.match(redis.call('GET', KEYS[i]) or '', '(%d+):(%d+)')
  if started == ARGV[first_arg + i - 3 - count] then
    redis.call('SET', KEYS[i], string.format('%.0f:%s', math.max(0, n - 1), started), 'KEEPTTL')
  end
end
return 1
