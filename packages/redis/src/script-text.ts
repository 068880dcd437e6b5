/**
 * Everything that writes to Redis, as one script, so that each step is whole or has not happened.
 *
 * KEYS  1 the stream
 *       2 a hash: `epoch`; `run`, the server's `run_id` in which the epoch was last seen to hold; `start` and `last`, the
 *         ids of the epoch's first and newest entry
 *       3 what this writer's last batch was: `<number> <epoch> <id of its last entry>`, or `<number>` alone if that batch must not
 *         be stored any more
 * ARGV  1 characters that make the name of a new epoch unlike any other, should one begin
 *       2 the newest id that the caller has seen, or empty: ids of a new epoch come after it
 *       3 `gap`: after a restart a new epoch begins; `trust`: it does not
 *       4 about how many entries the stream keeps
 *       5 what to do: `check` compares `run_id`, `distrust` begins a new epoch unless somebody has, `append` neither
 *       6 distrust: the epoch that is not to be trusted; check: the number of a batch whose answer was lost, or 0;
 *         append: the number of this batch, more than any before
 *       7 append: for each entry the number of its fields and values, and these
 *
 * Answers the epoch, its start, its newest id; and for `check` where the batch is: its epoch and the id of its last entry, or
 * two empty strings if it is not stored, and never will be.
 */
export const SCRIPT = `
local stream, hash, writer = KEYS[1], KEYS[2], KEYS[3]
local candidate, seen, failover, keep, task = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function split(id)
  local ms, ordinal = string.match(id or '', '^(%d+)-(%d+)$')
  return tonumber(ms or 0), tonumber(ordinal or 0)
end

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function newest()
  if redis.call('EXISTS', stream) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return (split(info[i + 1])) end
  end
end

local function id(ms, ordinal)
  return string.format('%.0f-%.0f', ms, ordinal)
end

local epoch, run, start, last = unpack(redis.call('HMGET', hash, 'epoch', 'run', 'start', 'last'))

local function runId()
  return string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
end

local function base36(number)
  local text = ''
  repeat
    local digit = number % 36
    text = string.char(digit < 10 and 48 + digit or 87 + digit) .. text
    number = math.floor(number / 36)
  until number == 0
  return text
end

local function begin()
  local ms = math.max(now(), newest(), (split(last or '')), (split(seen))) + 1
  local first = id(ms, 0)
  epoch, start, last = base36(ms) .. string.sub(candidate, 1, 4), first, first
  redis.call('XADD', stream, first, 'topic', 'sse.epoch', 'event', 'sse.epoch', 'text', epoch)
  redis.call('HSET', hash, 'epoch', epoch, 'run', runId(), 'start', start, 'last', last)
end

if task == 'check' then
  local current = runId()
  if not epoch or redis.call('EXISTS', stream) == 0 or (run ~= current and failover == 'gap') then
    begin()
  elseif run ~= current then
    redis.call('HSET', hash, 'run', current)
  end
  local number, placed = tonumber(ARGV[6]), { '', '' }
  if number > 0 then
    local known, where, at = string.match(redis.call('GET', writer) or '', '^(%d+) ?(%w*) ?([%d-]*)$')
    if tonumber(known or 0) == number then
      placed = { where, at }
    else
      redis.call('SET', writer, ARGV[6], 'EX', 3600)
    end
  end
  return { epoch, start, last, placed[1], placed[2] }
end

if task == 'distrust' then
  if not epoch or epoch == ARGV[6] then begin() end
  return { epoch, start, last }
end

if not epoch or redis.call('EXISTS', stream) == 0 then begin() end
local number = tonumber(ARGV[6])
if number <= tonumber(string.match(redis.call('GET', writer) or '', '^%d+') or 0) then
  return redis.error_reply('STALE this batch was given up')
end
local ms, ordinal = split(last)
ms = math.max(ms, now())

local function store(from, to, isLast)
  local place = id(ms, ordinal + 1)
  if isLast then
    return redis.pcall('XADD', stream, 'NOMKSTREAM', 'MAXLEN', '~', keep, place, unpack(ARGV, from, to))
  end
  return redis.pcall('XADD', stream, 'NOMKSTREAM', place, unpack(ARGV, from, to))
end

local function add(at, count, isLast)
  local added = store(at + 1, at + count, isLast)
  if type(added) == 'table' and added.err and string.find(added.err, 'equal or smaller', 1, true) then
    ms = newest() + 1
    added = store(at + 1, at + count, isLast)
  end
  if type(added) == 'table' and added.err then return added end
  ordinal = ordinal + 1
end

local at, failure = 7, nil
while at <= #ARGV and not failure do
  local count = tonumber(ARGV[at])
  failure = add(at, count, at + count == #ARGV)
  at = at + count + 1
end
local _, before = split(last)
if ordinal > before then
  last = id(ms, ordinal)
  redis.call('HSET', hash, 'last', last)
end
if failure then return failure end
redis.call('SET', writer, number .. ' ' .. epoch .. ' ' .. last, 'EX', 3600)
return { epoch, start, last }
`
