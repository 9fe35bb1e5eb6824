-- Marks a shard as complete, unless Redis was flushed since the budgets were put back.
-- KEYS: generation, keyspace
-- ARGV: generation, keyspace as it was found before
-- Returns: 1 marked | 0 flushed meanwhile
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
