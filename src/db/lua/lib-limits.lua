-- Limits on sending; the arithmetic of src/verify/limits.ts.
-- A state is the string count:started. The window opens at the first use; how long it lasts is the caller's to say.
-- Four arguments each: position in the caller's list, name, max, windowMs.
local LIMIT_ARGS = 4
-- Projects may give one counter windows of different lengths, so it outlives the shorter one.
local LIMIT_KEEP_MS = 600000

-- Each counter once, with one use more, in the order of the keys. A key given twice has the longer window.
local function use_counters(values, first_key, first_arg, count, now)
  local counters = {}
  for i = 0, count - 1 do
    local key, window = KEYS[first_key + i], tonumber(ARGV[first_arg + LIMIT_ARGS * i + 3])
    local known = counters[key]
    if known then
      known.window = math.max(known.window, window)
    else
      local counter = { key = key, value = values[first_key + i], window = window }
      counters[key], counters[#counters + 1] = counter, counter
    end
  end
  for _, counter in ipairs(counters) do
    local n, started = string.match(counter.value or '', '(%d+):(%d+)')
    if n and now < started + counter.window then
      counter.count, counter.started = n + 1, tonumber(started)
    else
      counter.count, counter.started = 1, now
    end
    counter.ttl = counter.started + counter.window - now + LIMIT_KEEP_MS
  end
  return counters
end

-- The counters as they are with this use, for save_limits; or nil and the first limit that refuses: position, name, retryAt.
local function take_limits(values, first_key, first_arg, count, now)
  local counters = use_counters(values, first_key, first_arg, count, now)
  for i = 0, count - 1 do
    local counter, at = counters[KEYS[first_key + i]], first_arg + LIMIT_ARGS * i
    local max, window = tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
    local started = max > 0 and counter.started or now
    if max == 0 or (counter.count > max and now < started + window) then
      return nil, tonumber(ARGV[at]), ARGV[at + 1], string.format('%.0f', started + window)
    end
  end
  return counters
end

local function save_limits(counters)
  for _, counter in ipairs(counters) do
    local state = string.format('%.0f:%.0f', counter.count, counter.started)
    redis.call('SET', counter.key, state, 'PX', counter.ttl)
  end
end
