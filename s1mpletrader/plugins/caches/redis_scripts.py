"""What the Redis server does in one step: each script checks and writes, and nothing of another client comes between."""

from typing import Final

OPEN_FLOW: Final = """
local flow, flows = KEYS[1], KEYS[2]
local anchor, strategy, flows_max, ttl_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
if redis.call('EXISTS', flow) == 1 then
  redis.call('DEL', flow)
elseif redis.call('SCARD', flows) >= flows_max then
  for _, other in ipairs(redis.call('SMEMBERS', flows)) do
    if redis.call('EXISTS', other) == 0 then redis.call('SREM', flows, other) end
  end
  if redis.call('SCARD', flows) >= flows_max then return 0 end
end
redis.call('HSET', flow, '@at', anchor, '@strategy', strategy)
redis.call('SADD', flows, flow)
redis.call('PEXPIRE', flow, ttl_ms)
redis.call('PEXPIRE', flows, ttl_ms)
return 1
"""
"""Opens a flow: 1, or 0 where too many are open. Flows that a dead process has left do not count once they have expired."""

PUT_FACT: Final = """
local flow, flows = KEYS[1], KEYS[2]
local at, field, data, ttl_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local anchor = redis.call('HGET', flow, '@at')
if not anchor then return nil end
if at > anchor then return anchor end
redis.call('HSET', flow, field, data)
redis.call('PEXPIRE', flow, ttl_ms)
redis.call('PEXPIRE', flows, ttl_ms)
return ''
"""
"""Stores a fact: nothing, the flow's point in time where the fact is later, or nil where the flow is not open."""

PUT_CONTEXT: Final = """
local contexts, order = KEYS[1], KEYS[2]
local order_id, data, contexts_max, ttl_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local newest = redis.call('ZREVRANGE', order, 0, 0, 'WITHSCORES')
redis.call('HSET', contexts, order_id, data)
redis.call('ZADD', order, tonumber(newest[2] or 0) + 1, order_id)
local excess = redis.call('ZCARD', order) - contexts_max
if excess > 0 then
  local oldest = redis.call('ZPOPMIN', order, excess)
  for place = 1, #oldest, 2 do redis.call('HDEL', contexts, oldest[place]) end
end
redis.call('PEXPIRE', contexts, ttl_ms)
redis.call('PEXPIRE', order, ttl_ms)
return 1
"""
"""Stores a context, and past the bound lets those go that were put longest ago."""
