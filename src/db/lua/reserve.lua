-- Redis Cluster: takes the part of a challenge's budgets and limits that lives in this slot, all or none.
-- KEYS: generation, events, budgets…, keys of limits…
-- ARGV: generation, now, '1' to count a failure on the budgets | '0' to look only, number of budgets, budgets…,
--       arguments of the limits
-- Returns: ['taken', of each key that was counted its state before ('' = none) and after…]
--          | ['locked', place of the budget, until] | ['limited', place of the limit, retryAt] | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local now = tonumber(ARGV[2])
local count = tonumber(ARGV[4])
local limit_count = #KEYS - 2 - count
local _, locked_until, locked = find_locked(values, 3, 5, count, now)
if locked then return { 'locked', locked, locked_until } end
local taken, hit, retry_at = take_limits(values, 3 + count, 5 + count, limit_count, now)
if not taken then return { 'limited', hit, retry_at } end

save_limits(3 + count, limit_count, taken)
local first = 3 + count
if ARGV[3] == '1' and count > 0 then
  first = 3
  local entry = {}
  count_failures(values, 3, 5, count, now, entry)
  redis.call('XADD', KEYS[2], '*', unpack(entry))
end
local answer = { 'taken' }
for i = first, #KEYS do
  answer[#answer + 1] = values[i] or ''
  answer[#answer + 1] = redis.call('GET', KEYS[i])
end
return answer
