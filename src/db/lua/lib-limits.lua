-- Limits on sending; the arithmetic of src/verify/limits.ts.
-- The value of a key is one window, or several that are taken together (those of a recipient):
-- ;name=count:started:windowMs each. A window opens at the first use; how long it lasts is the caller's to say.
-- The limits come as one argument: place key name max windowMs longestMs counts; each. place: in the caller's list, from
-- 0; key: the how-manieth after first_key, from 0; longestMs: the longest window the caller asks of this counter;
-- counts: 0 where the counter was named before (it is judged again but counted once).
-- Projects may give one counter windows of different lengths, so it is kept for longer than its window.
local LIMIT_KEEP_MS = 3600000
local LIMIT = '(%d+) (%d+) (%w+) (%d+) (%d+) (%d+) (%d);'
local WINDOW = '=(%d+):(%d+):(%d+)'

-- One use more of every limit, for save_limits. Or nil, the place of the first limit that refuses, and its retryAt.
local function take_limits(values, first_key, limits, now)
  local states, rests = {}, {}
  for place, key, name, max, window, longest, counts in string.gmatch(limits, LIMIT) do
    key, window, longest = first_key + key, tonumber(window), tonumber(longest)
    local uses, started, known = 0, now, 0
    if values[key] then
      local found, since, lasts = string.match(values[key], ';' .. name .. WINDOW)
      if found and now < since + longest then uses, started, known = tonumber(found), tonumber(since), tonumber(lasts) end
    end
    if max == '0' then return nil, tonumber(place), string.format('%.0f', now + window) end
    if uses >= tonumber(max) and now < started + window then
      return nil, tonumber(place), string.format('%.0f', started + window)
    end
    if counts == '1' then
      longest = math.max(longest, known)
      states[key] = string.format('%s;%s=%.0f:%.0f:%.0f', states[key] or '', name, uses + 1, started, longest)
      rests[key] = math.max(rests[key] or 0, started + longest - now)
    end
  end
  return { states, rests }
end

-- With the windows of the same key that were not asked for.
local function save_limits(taken, values, now)
  local rests = taken[2]
  for key, state in pairs(taken[1]) do
    for name, uses, started, window in string.gmatch(values[key] or '', ';(%w+)' .. WINDOW) do
      local rest = started + window - now
      if rest > 0 and not string.find(state, ';' .. name .. '=', 1, true) then
        state = string.format('%s;%s=%s:%s:%s', state, name, uses, started, window)
        rests[key] = math.max(rests[key], rest)
      end
    end
    redis.call('SET', KEYS[key], state, 'PX', rests[key] + LIMIT_KEEP_MS)
  end
end

-- take_limits where some limits were tried in other slots before. names: JSON array of all names in the caller's order;
-- elsewhere: place of the first one hit in another slot, and its retryAt ('' = none).
-- Returns what was taken, or nil, name and retryAt.
local function take_all_limits(values, first_key, limits, now, names, elsewhere)
  local taken, place, retry_at = take_limits(values, first_key, limits, now)
  if elsewhere ~= '' then
    local far, far_retry_at = string.match(elsewhere, '(%d+) (%d+)')
    if not place or tonumber(far) < place then place, retry_at = tonumber(far), far_retry_at end
  end
  if place then return nil, cjson.decode(names)[place + 1], retry_at end
  return taken
end
