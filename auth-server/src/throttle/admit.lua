-- Admits or rejects an attempt: {milliseconds until it is admitted, number of the counter that rejects it, time of its last
-- failure}; {0, number, 0} if the attempts in progress are as many as this counter admits; {0, 0, 0} if it is admitted. It
-- is then in progress.

local max_remaining, which, since, occupied = 0, 0, 0, 0
for number = 1, counters do
    local failures, locked, last = read(number)
    local remaining = locked - now
    if remaining > max_remaining then
        max_remaining, which, since = remaining, number, last
    end
    local pending = KEYS[counters + number]
    redis.call('ZREMRANGEBYSCORE', pending, '-inf', now)
    -- After the free attempts, one at a time.
    if occupied == 0 and redis.call('ZCARD', pending) >= math.max(free_attempts(number) - failures, 1) then
        occupied = number
    end
end
if max_remaining > 0 then
    return { max_remaining, which, since }
end
if occupied > 0 then
    return { 0, occupied, 0 }
end
for number = 1, counters do
    local pending = KEYS[counters + number]
    redis.call('ZADD', pending, now + lease, attempt)
    redis.call('PEXPIRE', pending, lease)
end
return { 0, 0, 0 }
