-- Ends an attempt. After the free attempts, ARGV has the update of each counter: `failed`, `released` or `reset`.

for number = 1, counters do
    local key, attempts, update = KEYS[number], free_attempts(number), ARGV[5 + counters + number]
    redis.call('ZREM', KEYS[counters + number], attempt)
    if update == 'reset' then
        redis.call('DEL', key)
    elseif update == 'failed' then
        local failures, locked = read(number)
        failures = failures + 1
        locked = math.max(locked, now + delay_after(failures, attempts))
        redis.call('HSET', key, 'failures', failures, 'last', now, 'locked', locked)
        redis.call('PEXPIRE', key, memory)
    end
end
