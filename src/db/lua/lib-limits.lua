-- Limits on sending; the arithmetic of src/verify/limits.ts.
-- The value of a key is one window, or several that are taken together (those of a recipient):
-- ;name=count:started:windowMs each. A window opens at the first use; how long it lasts is the caller's to say.
-- Three arguments for each key:
--   its value after this use if there is none yet ('' where a limit allows no use at all), and how long to keep that;
--   the limits: place name max windowMs longestMs counts; each. place: in the caller's list, from 0; longestMs: the
--   longest window the caller asks of this counter; counts: 0 where the counter was named before (judged, not counted).
-- Projects may give one counter windows of different lengths, so it is kept for longer than its window.
local LIMIT_ARGS = 3
local LIMIT_KEEP_MS = 3600000
local LIMIT = '(%d+) (%w+) (%d+) (%d+) (%d+) (%d);'
local WINDOW = '=(%d+):(%d+):(%d+)'

local function integer(n) return string.format('%d', n) end

-- One use more of the limits behind one key: its new value, and how long to keep it (nil: as long as now).
-- Or nil, nil, the place of the first limit that refuses, its retryAt.
local function take_key(value, limits, now)
  local state, left, opened = '', 0, false
  for place, name, max, window, longest, counts in string.gmatch(limits, LIMIT) do
    if max == '0' then return nil, nil, tonumber(place), integer(now + window) end
    local uses, started, lasts = string.match(value, ';' .. name .. WINDOW)
    if uses and now < started + longest then
      if tonumber(uses) >= tonumber(max) and now < started + window then
        return nil, nil, tonumber(place), integer(started + window)
      end
    else
      uses, started, lasts, opened = 0, integer(now), '0', true
    end
    if tonumber(longest) > tonumber(lasts) then lasts, opened = longest, true end
    if counts == '1' then
      state = state .. ';' .. name .. '=' .. integer(uses + 1) .. ':' .. started .. ':' .. lasts
      left = math.max(left, started + lasts - now)
    end
  end
  -- Windows of the same key that were not asked for.
  for name, uses, started, lasts in string.gmatch(value, ';(%w+)' .. WINDOW) do
    if now < started + lasts and not string.find(state, ';' .. name .. '=', 1, true) then
      state = state .. ';' .. name .. '=' .. uses .. ':' .. started .. ':' .. lasts
      left = math.max(left, started + lasts - now)
    end
  end
  return state, opened and integer(left + LIMIT_KEEP_MS)
end

-- One use more of every limit, for save_limits. Or nil, the place of the first limit that refuses, and its retryAt.
local function take_limits(values, first_key, first_arg, count, now)
  local taken, first, retry_at = {}, nil, nil
  for i = 0, count - 1 do
    local value, at = values[first_key + i], first_arg + LIMIT_ARGS * i
    if not value and ARGV[at] ~= '' then
      taken[i] = { ARGV[at], ARGV[at + 1] }
    else
      local state, kept, place, at_last = take_key(value or '', ARGV[at + 2], now)
      if place and (not first or place < first) then first, retry_at = place, at_last end
      taken[i] = { state, kept }
    end
  end
  if first then return nil, first, retry_at end
  return taken
end

local function save_limits(first_key, count, taken)
  for i = 0, count - 1 do
    local state, kept = taken[i][1], taken[i][2]
    if kept then
      redis.call('SET', KEYS[first_key + i], state, 'PX', kept)
    else
      redis.call('SET', KEYS[first_key + i], state, 'KEEPTTL')
    end
  end
end

-- take_limits where some limits were tried in other slots before. names: JSON array of all names in the caller's order;
-- elsewhere: place of the first one hit in another slot, and its retryAt ('' = none).
-- Returns what was taken, or nil, name and retryAt.
local function take_all_limits(values, first_key, first_arg, count, now, names, elsewhere)
  local taken, place, retry_at = take_limits(values, first_key, first_arg, count, now)
  if elsewhere ~= '' then
    local far, far_retry_at = string.match(elsewhere, '(%d+) (%d+)')
    if not place or tonumber(far) < place then place, retry_at = tonumber(far), far_retry_at end
  end
  if place then return nil, cjson.decode(names)[place + 1], retry_at end
  return taken
end
