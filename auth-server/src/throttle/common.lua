-- Beginning of both scripts.
-- KEYS: the counters. ARGV: the time, how long failures are remembered, the lockout delays separated by commas, all in
-- milliseconds; then for each counter its number of free attempts.

local now, memory = tonumber(ARGV[1]), tonumber(ARGV[2])
local delays, max_delay = {}, 0
for delay in string.gmatch(ARGV[3], '%d+') do
    delays[#delays + 1] = tonumber(delay)
    max_delay = math.max(max_delay, tonumber(delay))
end

-- Failures, end of the lockout delay after the last of them, end of the delay that an attempt in progress has reserved.
local function read(key)
    local state = redis.call('HMGET', key, 'failures', 'last', 'locked', 'reserved')
    if (tonumber(state[2]) or 0) + memory <= now then
        return 0, 0, 0
    end
    -- Whatever the clock of a server was: no lockout is longer than the longest delay.
    local function bounded(text)
        return math.min(tonumber(text) or 0, now + max_delay)
    end
    return tonumber(state[1]) or 0, bounded(state[3]), bounded(state[4])
end

local function delay_after(failures, attempts)
    if failures < attempts then
        return 0
    end
    return delays[math.min(failures - attempts + 1, #delays)]
end
