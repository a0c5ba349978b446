-- Whether a try may be made: {milliseconds to wait, number of the key that says so}, {0, 0} where it may. From the first
-- wait on, a try takes the next one in advance, so that of many at once only one is made.

local longest_wait, which = 0, 0
for number, key in ipairs(KEYS) do
    local _, locked, taken = read(key)
    local wait = math.max(locked, taken) - now
    if wait > longest_wait then
        longest_wait, which = wait, number
    end
end
if longest_wait > 0 then
    return { longest_wait, which }
end
for number, key in ipairs(KEYS) do
    local failures, tries = read(key), tonumber(ARGV[3 + number])
    if failures >= tries then
        redis.call('HSET', key, 'taken', now + wait_after(failures + 1, tries))
    end
end
return { 0, 0 }
