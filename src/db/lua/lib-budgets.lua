-- Budgets of failed guesses; the arithmetic of src/verify/budgets.ts.
-- A state is the string failures:started:lockedUntil:inARow:version. The version only grows, whatever the clocks say:
-- it tells which of two copies (Redis, SQL) is the newer one.
-- Six arguments each: name, key, max, windowMs, lockMs, hardMax.
local BUDGET_ARGS = 6
local BUDGET_KEEP_MS = 600000

local function read_budget(redis_key, value, at)
  local n, s, l, t, v = string.match(value or '0:0:0:0:0', '(%d+):(%d+):(%d+):(%d+):(%d+)')
  return {
    redis_key = redis_key, known = value,
    name = ARGV[at], key = ARGV[at + 1],
    max = tonumber(ARGV[at + 2]), window = tonumber(ARGV[at + 3]), lock = tonumber(ARGV[at + 4]), hard = tonumber(ARGV[at + 5]),
    failures = tonumber(n), started = tonumber(s), locked = tonumber(l), in_a_row = tonumber(t), version = tonumber(v),
  }
end

-- values: the states of KEYS; first_key, first_arg: where the budgets begin.
local function read_budgets(values, first_key, first_arg, count)
  local budgets = {}
  for i = 0, count - 1 do
    budgets[i + 1] = read_budget(KEYS[first_key + i], values[first_key + i], first_arg + BUDGET_ARGS * i)
  end
  return budgets
end

-- The first locked budget: its name and when the lock ends ('' = never). Nil when none is locked.
local function find_locked(budgets, now)
  for _, b in ipairs(budgets) do
    if b.hard > 0 and b.in_a_row >= b.hard then return b.name, '' end
    if b.max > 0 and b.locked > now then return b.name, string.format('%.0f', b.locked) end
  end
end

local function count_failure(b, now)
  if b.locked > 0 and b.locked <= now then b.failures, b.started, b.locked = 0, now, 0 end
  if b.failures == 0 or now >= b.started + b.window then b.failures, b.started = 0, now end
  b.failures = b.failures + 1
  b.in_a_row = b.in_a_row + 1
  if b.max > 0 and b.failures >= b.max then b.locked = now + b.lock end
end

local function give_back(b, approved)
  b.failures = math.max(0, b.failures - 1)
  if b.locked > 0 and b.failures < b.max then b.locked = 0 end
  b.in_a_row = approved and 0 or math.max(0, b.in_a_row - 1)
end

-- Stores the state and appends it to the fields of a stream entry. A run of failures is never forgotten.
local function save_budget(b, now, entry)
  b.version = math.max(now, b.version + 1)
  local state = string.format('%.0f:%.0f:%.0f:%.0f:%.0f', b.failures, b.started, b.locked, b.in_a_row, b.version)
  if b.hard > 0 and b.in_a_row > 0 then
    redis.call('SET', b.redis_key, state)
  else
    redis.call('SET', b.redis_key, state, 'PX', math.max(b.started + b.window, b.locked) - now + BUDGET_KEEP_MS)
  end
  entry[#entry + 1] = 'b:' .. b.key
  entry[#entry + 1] = state
end

-- Gives one failure back to every budget that is still known.
local function give_all_back(budgets, approved, now, entry)
  for _, b in ipairs(budgets) do
    if b.known then
      give_back(b, approved)
      save_budget(b, now, entry)
    end
  end
end
