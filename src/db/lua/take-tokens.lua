-- Takes the same number of tokens from each bucket; the arithmetic of src/delivery/routing/token-buckets.ts.
-- KEYS: buckets
-- ARGV: now (microseconds), count, of each bucket its interval and its tolerance (microseconds)
-- Returns: { granted, ms until the next one (0: all were granted) }
local values = redis.call('MGET', unpack(KEYS))
local now, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local arrivals, granted = {}, count
for i = 1, #KEYS do
  arrivals[i] = math.max(now, tonumber(values[i] or 0))
  local interval, tolerance = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  granted = math.min(granted, math.floor((tolerance - (arrivals[i] - now)) / interval))
end
granted = math.max(0, granted)

local wait = 0
for i = 1, #KEYS do
  local interval, tolerance = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  local arrival = arrivals[i] + granted * interval
  if granted > 0 then
    -- A bucket that is full again is as good as none; the minute is for clocks that differ.
    local ttl = math.ceil((arrival - now) / 1000) + 60000
    redis.call('SET', KEYS[i], string.format('%.0f', arrival), 'PX', string.format('%.0f', ttl))
  end
  if granted < count then wait = math.max(wait, arrival + interval - tolerance - now) end
end
return { granted, math.ceil(wait / 1000) }
