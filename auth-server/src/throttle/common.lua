-- What both scripts begin with.
-- KEYS: what is counted. ARGV: the time, how long failures are remembered, the waits with commas between them, all in
-- milliseconds; then for each key its free tries.

local now, memory = tonumber(ARGV[1]), tonumber(ARGV[2])
local waits, longest = {}, 0
for wait in string.gmatch(ARGV[3], '%d+') do
    waits[#waits + 1] = tonumber(wait)
    longest = math.max(longest, tonumber(wait))
end

-- Failures, end of the wait after the last of them, end of the wait that a try under way has taken.
local function read(key)
    local state = redis.call('HMGET', key, 'failures', 'last', 'locked', 'taken')
    if (tonumber(state[2]) or 0) + memory <= now then
        return 0, 0, 0
    end
    -- Whatever a server's clock wrote: no lock is longer than the longest wait.
    local function bounded(text)
        return math.min(tonumber(text) or 0, now + longest)
    end
    return tonumber(state[1]) or 0, bounded(state[3]), bounded(state[4])
end

local function wait_after(failures, tries)
    if failures < tries then
        return 0
    end
    return waits[math.min(failures - tries + 1, #waits)]
end
