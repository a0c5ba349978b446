-- A try has ended. After the free tries, ARGV says for each key what becomes of it: `failed`, `released`, `forgotten`.

for number, key in ipairs(KEYS) do
    local tries, outcome = tonumber(ARGV[3 + number]), ARGV[3 + #KEYS + number]
    if outcome == 'forgotten' then
        redis.call('DEL', key)
    elseif outcome == 'released' then
        redis.call('HDEL', key, 'taken')
    else
        local failures, locked = read(key)
        failures = failures + 1
        locked = math.max(locked, now + wait_after(failures, tries))
        redis.call('HSET', key, 'failures', failures, 'last', now, 'locked', locked)
        redis.call('HDEL', key, 'taken')
        redis.call('PEXPIRE', key, memory)
    end
end
