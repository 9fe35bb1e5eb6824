-- Changes the flow of a challenge if nobody changed it since it was read.
-- KEYS: generation, challenge, due, events, limits…
-- ARGV: generation, now, id, rev, status, sends, step, nextSendAt, dueAt, judged ('' = keep), code ('' = keep), sealed,
--       names of limits, places, place of a limit hit in other slots, retryAt; event when refused, number of limits, limits…, events…
-- Returns: ['ok', rev] | 'conflict' | ['limited', name, retryAt] | 'COLD'
local values = redis.call('MGET', unpack(KEYS))
if values[1] ~= ARGV[1] then return 'COLD' end
local c = read_challenge(KEYS[2])
if not c or c[REV] ~= ARGV[4] then return 'conflict' end

local now = tonumber(ARGV[2])
local limit_count = tonumber(ARGV[18])
local taken, name, retry_at = take_all_limits(values, 5, 19, limit_count, now, ARGV[13], ARGV[14], ARGV[15], ARGV[16])
if not taken then
  if ARGV[17] ~= '' then
    append_event(KEYS[4], c, ARGV[17], '{"limit":' .. cjson.encode(name) .. '}')
    redis.call('HSET', KEYS[2], 'sequence', c[SEQUENCE])
  end
  return { 'limited', name, retry_at }
end
save_limits(5, taken)

local ends = c[STATUS] == 'pending' and ARGV[5] ~= 'pending'
if ends then
  end_challenge(c, ARGV[5], now, KEYS[3], ARGV[3])
else
  c[REV] = c[REV] + 1
end
c[SENDS], c[STEP], c[NEXT] = ARGV[6], ARGV[7], ARGV[8]
if ARGV[10] ~= '' then c[JUDGED] = ARGV[10] end
set_due(KEYS[3], ARGV[3], c, ARGV[9])
for i = 19 + LIMIT_ARGS * limit_count, #ARGV do append_event(KEYS[4], c, ARGV[i]) end

redis.call('HSET', KEYS[2], 'sends', c[SENDS], 'step', c[STEP], 'next', c[NEXT], 'due', c[DUE], 'judged', c[JUDGED], 'rev', c[REV], 'sequence', c[SEQUENCE])
if ends then
  save_ended(KEYS[2], c)
elseif ARGV[11] ~= '' and c[STATUS] == 'pending' then
  redis.call('HSET', KEYS[2], 'code', ARGV[11], 'sealed', ARGV[12])
end
return { 'ok', c[REV] }
