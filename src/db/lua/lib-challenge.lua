-- One challenge is one hash. What never changes is the JSON in its field `facts`; these fields change.
-- Empty = null. `by`: the approving attempt. `code` and `sealed` are erased when the challenge ends.
local FIELDS = { 'status', 'attempts', 'judged', 'sends', 'step', 'next', 'due', 'ended', 'rev', 'sequence', 'by', 'code', 'sealed' }
local STATUS, ATTEMPTS, JUDGED, SENDS, STEP, NEXT, DUE, ENDED, REV, SEQUENCE, BY, CODE, SEALED = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13
-- Keep in step with RECONCILE_MS in src/verify/store.ts.
local RECONCILE_MS = 60000
local ENDED_TTL_MS = 900000

-- The changing fields as an array in the order of FIELDS; nil when there is no such challenge.
local function read_challenge(key)
  local c = redis.call('HMGET', key, unpack(FIELDS))
  return c[STATUS] and c
end

local function time(ms) return string.format('%.0f', ms) end

local function present(value) return value and value ~= '' end

-- What the SQL read model keeps, as a JSON array; read by src/audit/recorder.
local function snapshot(c)
  return string.format(
    '["%s",%s,%s,%s,%s,%s,%s,%s,%s]',
    c[STATUS], c[ATTEMPTS], c[JUDGED], c[STEP], present(c[NEXT]) and c[NEXT] or 'null',
    present(c[ENDED]) and c[ENDED] or 'null', c[REV], present(c[BY]) and cjson.encode(c[BY]) or 'null', c[SENDS]
  )
end

-- Appends the next event of a challenge to its stream. extra: JSON merged into the event's data, or nil.
-- entry: further fields of the entry, or nil.
local function append_event(stream, c, event, extra, entry)
  c[SEQUENCE] = c[SEQUENCE] + 1
  entry = entry or {}
  if extra then
    entry[#entry + 1] = 'x'
    entry[#entry + 1] = extra
  end
  redis.call('XADD', stream, '*', 'e', event, 'q', c[SEQUENCE], 's', snapshot(c), unpack(entry))
end

local function set_due(due, id, c, at)
  c[DUE] = at
  if at == '' then
    redis.call('ZREM', due, id)
  else
    redis.call('ZADD', due, at, id)
  end
end

-- Ends a pending challenge in the array; save_ended writes it. It is looked at again if attempts are being judged.
local function end_challenge(c, status, now, due, id)
  c[STATUS], c[ENDED], c[NEXT], c[CODE], c[SEALED] = status, time(now), '', false, false
  c[REV] = c[REV] + 1
  set_due(due, id, c, tonumber(c[ATTEMPTS]) > tonumber(c[JUDGED]) and time(now + RECONCILE_MS) or '')
end

local function save_ended(key, c)
  redis.call('HDEL', key, 'code', 'sealed')
  redis.call(
    'HSET', key, 'status', c[STATUS], 'attempts', c[ATTEMPTS], 'judged', c[JUDGED], 'next', c[NEXT], 'due', c[DUE],
    'ended', c[ENDED], 'rev', c[REV], 'sequence', c[SEQUENCE], 'by', c[BY] or ''
  )
  redis.call('PEXPIRE', key, ENDED_TTL_MS)
end
