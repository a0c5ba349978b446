-- Ends an attempt. After the free attempts, ARGV has the update of each counter: `failed`, `released` or `reset`.

for number, key in ipairs(KEYS) do
    local attempts, update = tonumber(ARGV[3 + number]), ARGV[3 + #KEYS + number]
    if update == 'reset' then
        redis.call('DEL', key)
    elseif update == 'released' then
        redis.call('HDEL', key, 'reserved')
    else
        local failures, locked = read(key)
        failures = failures + 1
        locked = math.max(locked, now + delay_after(failures, attempts))
        redis.call('HSET', key, 'failures', failures, 'last', now, 'locked', locked)
        redis.call('HDEL', key, 'reserved')
        redis.call('PEXPIRE', key, memory)
    end
end
