-- Takes or renews the recorder's lease of shards.
-- KEYS: leases… (one slot on Redis Cluster)
-- ARGV: holder, ttlMs; 0 gives the lease back
-- Returns: for each lease 1 held | 0 not
local held = {}
for i, key in ipairs(KEYS) do
  local holder = redis.call('GET', key)
  local mine = not holder or holder == ARGV[1]
  if mine and ARGV[2] == '0' then
    redis.call('DEL', key)
  elseif mine then
    redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
  end
  held[i] = (mine and ARGV[2] ~= '0') and 1 or 0
end
return held
