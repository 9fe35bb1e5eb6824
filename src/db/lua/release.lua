-- Redis Cluster: undoes what reserve.lua took.
-- KEYS: generation, events, budgets…, keys of limits… (of one window each)
-- ARGV: generation, now, number of budgets, budgets…, then of each key its state before it was taken ('' = none) and after
-- Returns: 1 | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local count = tonumber(ARGV[3])
local first_state = 4 + count
local entry = {}
for i = 3, #KEYS do
  local before, after = ARGV[first_state + 2 * (i - 3)], ARGV[first_state + 2 * (i - 3) + 1]
  local untouched = values[i] == after
  if i < 3 + count then
    local at = 4 + (i - 3)
    if untouched then
      local _, hard, window = budget_terms(at)
      local failures, started, locked, in_a_row = parse_budget(before ~= '' and before)
      local _, _, _, _, version = parse_budget(after)
      save_budget(KEYS[i], hard, window, now, failures, started, locked, in_a_row, version, entry)
    else
      give_failure_back(KEYS[i], values[i], at, now, false, entry)
    end
  elseif untouched and before == '' then
    redis.call('DEL', KEYS[i])
  elseif untouched then
    redis.call('SET', KEYS[i], before, 'KEEPTTL')
  elseif values[i] then
    -- Others counted meanwhile; a window opened since is left alone.
    local name, uses, started, window = string.match(values[i], ';(%w+)=(%d+):(%d+):(%d+)')
    if started == string.match(after, ':(%d+):') then
      redis.call('SET', KEYS[i], string.format(';%s=%d:%s:%s', name, math.max(0, uses - 1), started, window), 'KEEPTTL')
    end
  end
end
if #entry > 0 then redis.call('XADD', KEYS[2], '*', unpack(entry)) end
return 1
