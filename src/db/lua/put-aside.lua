-- Moves a stream entry that cannot be recorded out of the way, with the reason.
-- KEYS: events, dead letters
-- ARGV: entry id, reason, entry as JSON
-- Returns: 1 moved | 0 it was moved before
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, '*', 'id', ARGV[1], 'reason', ARGV[2], 'entry', ARGV[3])
return 1
