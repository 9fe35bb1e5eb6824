-- Redis Cluster: undoes what reserve.lua took.
-- KEYS: generation, events, budgets…, limits…
-- ARGV: generation, now, number of budgets, budgets…, then of each key its state before it was taken ('' = none) and after
-- Returns: 1 | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local count = tonumber(ARGV[3])
local first_state = 4 + BUDGET_ARGS * count
local entry = {}
for i = 3, #KEYS do
  local before, after = ARGV[first_state + 2 * (i - 3)], ARGV[first_state + 2 * (i - 3) + 1]
  local untouched = values[i] == after
  if i < 3 + count then
    local at = 4 + BUDGET_ARGS * (i - 3)
    if untouched then
      local failures, started, locked, in_a_row = parse_budget(before ~= '' and before)
      local _, _, _, _, version = parse_budget(after)
      save_budget(KEYS[i], at, now, failures, started, locked, in_a_row, version, entry)
    else
      give_failure_back(KEYS[i], values[i], at, now, false, entry)
    end
  elseif untouched and before == '' then
    redis.call('DEL', KEYS[i])
  elseif untouched then
    redis.call('SET', KEYS[i], before, 'KEEPTTL')
  elseif values[i] then
    -- Others counted meanwhile; a window opened since is left alone.
    local n, started = string.match(values[i], '(%d+):(%d+)')
    if started == string.match(after, '%d+$') then
      redis.call('SET', KEYS[i], string.format('%.0f:%s', math.max(0, n - 1), started), 'KEEPTTL')
    end
  end
end
if #entry > 0 then redis.call('XADD', KEYS[2], '*', unpack(entry)) end
return 1
