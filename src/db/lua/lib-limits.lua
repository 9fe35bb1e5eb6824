-- Limits on sending; the arithmetic of src/verify/limits.ts.
-- A state is the string count:started. The window opens at the first use; how long it lasts is the caller's to say.
-- Two arguments each: max, windowMs.
local LIMIT_ARGS = 2
-- Projects may give one counter windows of different lengths, so it outlives the shorter one.
local LIMIT_KEEP_MS = 600000

-- Of each counter the longest window asked of it: a key that is given twice is counted once.
local function longest_windows(first_key, first_arg, count)
  local windows = {}
  for i = 0, count - 1 do
    local key, window = KEYS[first_key + i], tonumber(ARGV[first_arg + LIMIT_ARGS * i + 1])
    local known = windows[key]
    if not known or known < window then windows[key] = window end
  end
  return windows
end

-- One use more of every limit, for save_limits: for each its count, when its window opened, how long to keep it.
-- Or nil, the place (from 0) of the first limit that refuses, and its retryAt.
local function take_limits(values, first_key, first_arg, count, now)
  local windows = longest_windows(first_key, first_arg, count)
  local taken = {}
  for i = 0, count - 1 do
    local value, at = values[first_key + i], first_arg + LIMIT_ARGS * i
    local max, own_window, window = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), windows[KEYS[first_key + i]]
    local uses, started = 1, now
    if value then
      local n, s = string.match(value, '(%d+):(%d+)')
      if now < s + window then uses, started = n + 1, tonumber(s) end
    end
    if max == 0 then return nil, i, string.format('%.0f', now + own_window) end
    if uses > max and now < started + own_window then return nil, i, string.format('%.0f', started + own_window) end
    taken[#taken + 1] = uses
    taken[#taken + 1] = started
    taken[#taken + 1] = started + window - now + LIMIT_KEEP_MS
  end
  return taken
end

local function save_limits(first_key, taken)
  for i = 0, #taken / 3 - 1 do
    local state = string.format('%.0f:%.0f', taken[3 * i + 1], taken[3 * i + 2])
    redis.call('SET', KEYS[first_key + i], state, 'PX', taken[3 * i + 3])
  end
end

-- take_limits where some limits were tried in other slots before. names: JSON array of all names, in the caller's
-- order; places: JSON array, where those that are handled here stand in it ('' = all are). elsewhere: place, from 0,
-- of the first one hit in another slot ('' = none) and its retryAt. Returns what was taken, or nil, name and retryAt.
local function take_all_limits(values, first_key, first_arg, count, now, names, places, elsewhere, elsewhere_retry_at)
  local taken, place, retry_at = take_limits(values, first_key, first_arg, count, now)
  if place and places ~= '' then place = cjson.decode(places)[place + 1] end
  if elsewhere ~= '' and (not place or tonumber(elsewhere) < place) then
    place, retry_at = tonumber(elsewhere), elsewhere_retry_at
  end
  if place then return nil, cjson.decode(names)[place + 1], retry_at end
  return taken
end
