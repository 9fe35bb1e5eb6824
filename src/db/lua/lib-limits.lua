-- Limits on sending; the arithmetic of src/verify/limits.ts.
-- A state is the string count:started. The window opens at the first use; how long it lasts is the caller's to say.
-- Three arguments each: max, windowMs, keepMs (projects may give one counter windows of different lengths, so it is
-- kept for longer than its window).
local LIMIT_ARGS = 3

-- Of each counter, where the arguments with the longest window are: a key that is given twice is counted once.
local function longest_windows(first_key, first_arg, count)
  local longest = {}
  for i = 0, count - 1 do
    local key, at = KEYS[first_key + i], first_arg + LIMIT_ARGS * i
    local known = longest[key]
    if not known or tonumber(ARGV[known + 1]) < tonumber(ARGV[at + 1]) then longest[key] = at end
  end
  return longest
end

-- One use more of every limit, for save_limits: of each its new state, and how long to keep it.
-- Or nil, the place (from 0) of the first limit that refuses, and its retryAt.
local function take_limits(values, first_key, first_arg, count, now)
  local longest = longest_windows(first_key, first_arg, count)
  local fresh = string.format('1:%.0f', now)
  local taken = {}
  for i = 0, count - 1 do
    local value, at, longest_at = values[first_key + i], first_arg + LIMIT_ARGS * i, longest[KEYS[first_key + i]]
    local max, window = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    if max == 0 then return nil, i, string.format('%.0f', now + window) end
    local state = fresh
    if value then
      local uses, started = string.match(value, '(%d+):(%d+)')
      if now < started + ARGV[longest_at + 1] then
        if tonumber(uses) >= max and now < started + window then return nil, i, string.format('%.0f', started + window) end
        state = string.format('%.0f:%s', uses + 1, started)
      end
    end
    taken[#taken + 1] = state
    taken[#taken + 1] = ARGV[longest_at + 2]
  end
  return taken
end

local function save_limits(first_key, taken)
  for i = 0, #taken / 2 - 1 do
    redis.call('SET', KEYS[first_key + i], taken[2 * i + 1], 'PX', taken[2 * i + 2])
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
