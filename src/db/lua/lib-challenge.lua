-- One challenge is two strings. What never changes is in `facts` (JSON of the facts, a line break, JSON of the terms).
-- What changes is in `state`: words with spaces between them, `-` for none; the sends, as JSON, come last:
--   code sealed status attempts judged step next due ended rev sequence by sends
-- `by`: the approving attempt. The hash of the code and its sealed copy are erased when the challenge ends. All after
-- them is the snapshot, which goes into the stream with each event; src/audit/recorder reads it.
-- Scripts that work on a challenge are given KEYS: generation, state, counters…, facts, due, events.
local CODE, SEALED, STATUS, ATTEMPTS, JUDGED, STEP, NEXT, DUE, ENDED, REV, SEQUENCE, BY, SENDS = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
local NONE = '-'
-- Keep in step with RECONCILE_MS in src/verify/store.ts.
local RECONCILE_MS = 60000
local ENDED_TTL_MS = 900000
local WORD = '(%S+) '
local STATE = '^' .. string.rep(WORD, 12) .. '(.*)$'

-- Of every key but the last three, in their order.
local function read_values() return redis.call('MGET', unpack(KEYS, 1, #KEYS - 3)) end

local function facts_key() return KEYS[#KEYS - 2] end
local function due_key() return KEYS[#KEYS - 1] end
local function events_key() return KEYS[#KEYS] end

-- The words as an array; nil when there is no such challenge.
local function parse_state(value) return value and { string.match(value, STATE) } or nil end

local function number(c, word) return tonumber(c[word]) end

local function add(c, word, n) c[word] = string.format('%d', c[word] + n) end

local function snapshot(c) return table.concat(c, ' ', STATUS) end

local function state_of(c) return table.concat(c, ' ') end

-- Which request an attempt is a run of.
local function request_of(attempt) return string.match(attempt, '^[^.]*') end

-- Whether the attempt that approved it is one of those (with spaces around each) that were never answered.
local function is_unfinished(c, withdrawn)
  return c[STATUS] == 'approved' and string.find(withdrawn, ' ' .. c[BY] .. ' ', 1, true) ~= nil
end

-- One attempt more is judged.
local function judge_one(c) c[JUDGED] = string.format('%d', math.min(c[ATTEMPTS], c[JUDGED] + 1)) end

local function save(c) redis.call('SET', KEYS[2], state_of(c), 'KEEPTTL') end

-- Appends the next event of a challenge to its stream. extra: JSON merged into the event's data, or nil.
-- entry: further fields of the entry, or nil.
local function append_event(c, event, extra, entry)
  add(c, SEQUENCE, 1)
  entry = entry or {}
  if extra then
    entry[#entry + 1] = 'x'
    entry[#entry + 1] = extra
  end
  redis.call('XADD', events_key(), '*', 'e', event, 's', snapshot(c), unpack(entry))
end

-- The fields that complete an event which leaves out what the facts say.
local function with_facts() return { 'f', string.match(redis.call('GET', facts_key()) or '', '[^\n]*') } end

local function set_due(id, c, at)
  if c[DUE] == at then return end
  c[DUE] = at
  if at == NONE then
    redis.call('ZREM', due_key(), id)
  else
    redis.call('ZADD', due_key(), at, id)
  end
end

-- Ends a pending challenge in the array; save_ended writes it. It is looked at again if attempts are being judged.
local function end_challenge(c, status, now, id)
  c[STATUS], c[ENDED], c[NEXT], c[CODE], c[SEALED] = status, string.format('%d', now), NONE, NONE, NONE
  add(c, REV, 1)
  set_due(id, c, number(c, ATTEMPTS) > number(c, JUDGED) and string.format('%d', now + RECONCILE_MS) or NONE)
end

local function save_ended(c)
  redis.call('SET', KEYS[2], state_of(c), 'PX', ENDED_TTL_MS)
  redis.call('PEXPIRE', facts_key(), ENDED_TTL_MS)
end
