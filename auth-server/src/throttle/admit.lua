-- Admits or rejects an attempt: {milliseconds until it is admitted, number of the counter that rejects it}, {0, 0} if it is
-- admitted. After the free attempts, an admitted attempt reserves the next delay, so that of concurrent ones only one is
-- admitted.

local max_remaining, which = 0, 0
for number, key in ipairs(KEYS) do
    local _, locked, reserved = read(key)
    local remaining = math.max(locked, reserved) - now
    if remaining > max_remaining then
        max_remaining, which = remaining, number
    end
end
if max_remaining > 0 then
    return { max_remaining, which }
end
for number, key in ipairs(KEYS) do
    local failures, attempts = read(key), tonumber(ARGV[3 + number])
    if failures >= attempts then
        redis.call('HSET', key, 'reserved', now + delay_after(failures + 1, attempts))
    end
end
return { 0, 0 }
