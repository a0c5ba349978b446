-- Admits one more of everything that KEYS limit, or rejects it: {microseconds until it is admitted, number of the key that
-- rejects it}, {0, 0} if it is admitted. A key holds the time at which all of its quota is available again.
-- ARGV: the time; then for each key the time after which one more becomes available, and the period. All in microseconds.

local now = tonumber(ARGV[1])
local next, max_delay, which = {}, 0, 0
for number, key in ipairs(KEYS) do
    local interval, period = tonumber(ARGV[2 * number]), tonumber(ARGV[2 * number + 1])
    local free_at = tonumber(redis.call('GET', key)) or now
    -- Whatever the clock of a server was: no delay is longer than the period.
    next[number] = math.min(math.max(free_at, now), now + period) + interval
    local delay = next[number] - period - now
    if delay > max_delay then
        max_delay, which = delay, number
    end
end
if max_delay > 0 then
    return { max_delay, which }
end
for number, key in ipairs(KEYS) do
    local period = tonumber(ARGV[2 * number + 1])
    redis.call('SET', key, string.format('%.0f', next[number]), 'PX', math.ceil(period / 1000))
end
return { 0, 0 }
