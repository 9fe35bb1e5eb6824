-- Changes the flow of a challenge if nobody changed it since it was read.
-- KEYS: generation, state, keys of limits…, facts, due, events
-- ARGV: generation, now, id, rev, status, sends, step, nextSendAt, dueAt, judged ('' = keep), code ('' = keep), sealed,
--       event when refused ('' = none), names of limits, limit hit in other slots, number of keys of limits, their
--       arguments, events…
-- Returns: ['ok', rev] | 'conflict' | ['limited', name, retryAt] | 'COLD'
local values = read_values()
if values[1] ~= ARGV[1] then return 'COLD' end
local c = parse_state(values[2])
if not c or c[REV] ~= ARGV[4] then return 'conflict' end

local now = tonumber(ARGV[2])
local limit_count = tonumber(ARGV[16])
local taken, name, retry_at = take_all_limits(values, 3, 17, limit_count, now, ARGV[14], ARGV[15])
if not taken then
  if ARGV[13] ~= '' then
    append_event(c, ARGV[13], '{"limit":' .. cjson.encode(name) .. '}')
    save(c)
  end
  return { 'limited', name, retry_at }
end
save_limits(3, limit_count, taken)

local was_pending = c[STATUS] == 'pending'
local ends = was_pending and ARGV[5] ~= 'pending'
if ends then
  end_challenge(c, ARGV[5], now, ARGV[3])
else
  add(c, REV, 1)
end
c[SENDS], c[STEP], c[NEXT] = ARGV[6], ARGV[7], ARGV[8]
if ARGV[10] ~= '' then c[JUDGED] = ARGV[10] end
set_due(ARGV[3], c, ARGV[9])
if was_pending and not ends and ARGV[11] ~= '' then c[CODE], c[SEALED] = ARGV[11], ARGV[12] end
for i = 17 + LIMIT_ARGS * limit_count, #ARGV do append_event(c, ARGV[i]) end
if ends then save_ended(c) else save(c) end
return { 'ok', c[REV] }
