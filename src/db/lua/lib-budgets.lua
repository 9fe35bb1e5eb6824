-- Budgets of failed guesses; the arithmetic of src/verify/budgets.ts.
-- A state is the string failures:started:lockedUntil:inARow:version. The version only grows, whatever the clocks say:
-- it tells which of two copies (Redis, SQL) is the newer one.
-- One argument each: name max hardMax windowMs lockMs.
-- values: the states of KEYS; first_key, first_arg: where the budgets begin.
local BUDGET_KEEP_MS = 600000

local function parse_budget(value)
  if not value then return 0, 0, 0, 0, 0 end
  local failures, started, locked, in_a_row, version = string.match(value, '(%d+):(%d+):(%d+):(%d+):(%d+)')
  return tonumber(failures), tonumber(started), tonumber(locked), tonumber(in_a_row), tonumber(version)
end

local function budget_terms(at)
  local name, max, hard, window, lock = string.match(ARGV[at], '(%S+) (%d+) (%d+) (%d+) (%d+)')
  return tonumber(max), tonumber(hard), tonumber(window), tonumber(lock), name
end

-- The first locked budget: its name, when the lock ends ('' = never), its place from 0. Nil when none is locked.
local function find_locked(values, first_key, first_arg, count, now)
  for i = 0, count - 1 do
    local value = values[first_key + i]
    if value then
      local max, hard, _, _, name = budget_terms(first_arg + i)
      local _, _, locked, in_a_row = parse_budget(value)
      if hard > 0 and in_a_row >= hard then return name, '', i end
      if max > 0 and locked > now then return name, string.format('%d', locked), i end
    end
  end
end

-- Stores a state and appends it to the fields of a stream entry. A run of failures is never forgotten.
local function save_budget(key, hard, window, now, failures, started, locked, in_a_row, version, entry)
  local state = string.format('%d:%d:%d:%d:%d', failures, started, locked, in_a_row, math.max(now, version + 1))
  if in_a_row > 0 and hard > 0 then
    redis.call('SET', key, state)
  else
    local rest = math.max(0, started + window - now, locked - now)
    redis.call('SET', key, state, 'PX', string.format('%d', rest + BUDGET_KEEP_MS))
  end
  entry[#entry + 1] = string.match(key, '}(.*)')
  entry[#entry + 1] = state
end

-- One failure more on every budget; none of them is locked.
local function count_failures(values, first_key, first_arg, count, now, entry)
  for i = 0, count - 1 do
    local max, hard, window, lock = budget_terms(first_arg + i)
    local failures, started, locked, in_a_row, version = parse_budget(values[first_key + i])
    if locked > 0 and locked <= now then failures, locked = 0, 0 end
    if failures == 0 or now >= started + window then failures, started = 0, now end
    failures = failures + 1
    if max > 0 and failures >= max then locked = now + lock end
    save_budget(KEYS[first_key + i], hard, window, now, failures, started, locked, in_a_row + 1, version, entry)
  end
end

-- One failure less on a budget, if it is still known.
local function give_failure_back(key, value, at, now, approved, entry)
  if not value then return end
  local max, hard, window = budget_terms(at)
  local failures, started, locked, in_a_row, version = parse_budget(value)
  failures = math.max(0, failures - 1)
  if failures < max then locked = 0 end
  in_a_row = approved and 0 or math.max(0, in_a_row - 1)
  save_budget(key, hard, window, now, failures, started, locked, in_a_row, version, entry)
end

local function give_failures_back(values, first_key, first_arg, count, now, approved, entry)
  for i = 0, count - 1 do
    give_failure_back(KEYS[first_key + i], values[first_key + i], first_arg + i, now, approved, entry)
  end
end
