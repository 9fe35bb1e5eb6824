-- Redis Cluster: takes the part of a challenge's budgets and limits that lives in this slot, all or none.
-- KEYS: generation, events, budgets…, limits…
-- ARGV: generation, now, '1' to count a failure on the budgets | '0' to look only, number of budgets, budgets…, limits…
-- Returns: ['taken', started of each counter…] | ['locked', index of the budget, until] | ['limited', position, name, retryAt] | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local count = tonumber(ARGV[4])
local budgets = read_budgets(values, 3, 5, count)
for i, b in ipairs(budgets) do
  local name, until_when = find_locked({ b }, now)
  if name then return { 'locked', i - 1, until_when } end
end
local taken, position, name, retry_at = take_limits(values, 3 + count, 5 + BUDGET_ARGS * count, #KEYS - 2 - count, now)
if not taken then return { 'limited', position, name, retry_at } end

save_limits(taken)
if ARGV[3] == '1' and count > 0 then
  local entry = {}
  for _, b in ipairs(budgets) do
    count_failure(b, now)
    save_budget(b, now, entry)
  end
  redis.call('XADD', KEYS[2], '*', unpack(entry))
end
local answer = { 'taken' }
for i, counter in ipairs(taken) do answer[i + 1] = string.format('%.0f', counter.started) end
return answer
