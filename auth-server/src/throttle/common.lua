-- Beginning of both scripts.
-- KEYS: the counters; then for each of them the set of its attempts in progress, with the time at which each is given up.
-- ARGV: the time, how long failures are remembered, the lockout delays separated by commas, all in milliseconds; the id of
-- the attempt, and how long it counts as in progress; then for each counter its number of free attempts.

local now, memory = tonumber(ARGV[1]), tonumber(ARGV[2])
local attempt, lease = ARGV[4], tonumber(ARGV[5])
local counters = #KEYS / 2
local delays, max_delay = {}, 0
for delay in string.gmatch(ARGV[3], '%d+') do
    delays[#delays + 1] = tonumber(delay)
    max_delay = math.max(max_delay, tonumber(delay))
end

local function free_attempts(number)
    return tonumber(ARGV[5 + number])
end

-- Failures, end of the lockout delay after the last of them, time of that.
local function read(number)
    local state = redis.call('HMGET', KEYS[number], 'failures', 'last', 'locked')
    if (tonumber(state[2]) or 0) + memory <= now then
        return 0, 0, 0
    end
    -- Whatever the clock of a server was: no lockout is longer than the longest delay.
    return tonumber(state[1]) or 0, math.min(tonumber(state[3]) or 0, now + max_delay), tonumber(state[2]) or 0
end

local function delay_after(failures, attempts)
    if failures < attempts then
        return 0
    end
    return delays[math.min(failures - attempts + 1, #delays)]
end
