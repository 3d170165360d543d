// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/redis_scripts.h"

#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

// Finds out whether the server has lost changes: all of them, the last ones that the store has
// seen, or the store's own under those that others have made since. Then another epoch begins. Its
// changes count from the time in microseconds, above every number that was ever given, so that no
// version comes again.
constexpr char kBegin[] = R"(
local state = redis.call('HMGET', KEYS[1], 'epoch', 'commits', 'acknowledged')
local epoch, commits = state[1], tonumber(state[2] or '0')
local acknowledged = tonumber(state[3] or '0')
local now = tonumber(ARGV[6])
local function whole(number) return string.format('%.0f', number) end
local lost = not epoch or commits < tonumber(ARGV[2])
if not lost and epoch == ARGV[4] and ARGV[3] ~= '0' then
  lost = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or '0') < tonumber(ARGV[3])
end
if lost then
  local time = redis.call('TIME')
  commits = math.max(commits, tonumber(ARGV[2]), time[1] * 1000000 + time[2]) + 1
  epoch, acknowledged = ARGV[5], commits
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'commits', whole(commits), 'acknowledged',
             whole(commits), 'sweep', 'x')
end
local function is_live(kind, record)
  return record[1] and tonumber(record[2]) > now and (kind ~= 'session' or record[3] == epoch)
end
)";

}  // namespace

const char kRedisGet[] = R"(
local record = redis.call('HMGET', KEYS[3], 'v', 'e', 'p', 'd')
if not is_live(ARGV[7], record) then return {epoch, whole(acknowledged)} end
return {epoch, whole(acknowledged), record[1], record[4]}
)";

const char kRedisApply[] = R"(
local writes, first_write = tonumber(ARGV[7]), 8
for i = 0, writes - 1 do
  local at = first_write + 6 * i
  local record = redis.call('HMGET', KEYS[6 + 2 * i], 'v', 'e', 'p')
  local version = is_live(ARGV[at], record) and record[1] or '0'
  if version ~= ARGV[at + 2] then return {epoch, whole(acknowledged), i + 1, '0'} end
end
commits = commits + 1
if epoch == ARGV[4] then acknowledged = math.max(acknowledged, tonumber(ARGV[3])) end
redis.call('HSET', KEYS[1], 'commits', whole(commits), 'acknowledged', whole(acknowledged))
redis.call('ZADD', KEYS[2], whole(commits), ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -10001)
for i = 0, writes - 1 do
  local at = first_write + 6 * i
  local kind, key, expiry = ARGV[at], ARGV[at + 1], ARGV[at + 4]
  local record, index, member = KEYS[6 + 2 * i], KEYS[7 + 2 * i], kind .. ':' .. key
  redis.call('DEL', record)
  redis.call('ZREM', KEYS[5], member)
  if ARGV[at + 3] == 'delete' then
    redis.call('ZREM', index, key)
  else
    redis.call('HSET', record, 'v', whole(commits), 'e', expiry, 'p', epoch, 'd', ARGV[at + 5])
    redis.call('ZADD', index, 0, key)
    if expiry ~= '9007199254740992' then
      redis.call('PEXPIREAT', record, whole(math.ceil(tonumber(expiry) / 1000)))
      redis.call('ZADD', KEYS[5], expiry, member)
    end
  end
end
for at = first_write + 6 * writes, #ARGV, 2 do
  local sequence = redis.call('HINCRBY', KEYS[1], 'sequence', 1)
  local member = sequence .. ':' .. ARGV[at] .. ':' .. ARGV[at + 1]
  redis.call('ZADD', KEYS[3], sequence, member)
  redis.call('ZADD', KEYS[4], ARGV[at], sequence)
end
return {epoch, whole(acknowledged), 0, whole(commits)}
)";

const char kRedisKeys[] = R"(
local kind, records, after, limit = ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local found = {}
while #found < limit do
  local from = after == '' and '-' or '(' .. after
  local keys = redis.call('ZRANGEBYLEX', KEYS[3], from, '+', 'LIMIT', 0, 200)
  for _, key in ipairs(keys) do
    local record = redis.call('HMGET', records .. key, 'v', 'e', 'p')
    if #found < limit and is_live(kind, record) then found[#found + 1] = key end
  end
  if #keys < 200 then break end
  after = keys[#keys]
end
return {epoch, whole(acknowledged), found}
)";

const char kRedisRevocations[] = R"(
local after, limit = ARGV[7], tonumber(ARGV[8])
local sequence, found = redis.call('HGET', KEYS[1], 'sequence') or '0', {}
while #found < limit do
  local members = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. after, '+inf', 'LIMIT', 0, limit)
  for _, member in ipairs(members) do
    local first = string.find(member, ':', 1, true)
    local second = string.find(member, ':', first + 1, true)
    after = string.sub(member, 1, first - 1)
    if tonumber(string.sub(member, first + 1, second - 1)) > now then
      found[#found + 1] = string.sub(member, second + 1)
      if #found == limit then sequence = after break end
    end
  end
  if #members < limit then break end
end
return {epoch, whole(acknowledged), sequence, found}
)";

const char kRedisRemove[] = R"(
local records, indexes, limit = ARGV[7], ARGV[8], tonumber(ARGV[9])
local function remove(kind, key)
  local member = kind .. ':' .. key
  redis.call('DEL', records .. member)
  redis.call('ZREM', indexes .. kind, key)
  redis.call('ZREM', KEYS[5], member)
end
local more = 0
local expired = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', ARGV[6], 'LIMIT', 0, limit)
for _, member in ipairs(expired) do
  local colon = string.find(member, ':', 1, true)
  remove(string.sub(member, 1, colon - 1), string.sub(member, colon + 1))
end
if #expired == limit then more = 1 end
local sequences = redis.call('ZRANGEBYSCORE', KEYS[4], '-inf', ARGV[6], 'LIMIT', 0, limit)
for _, sequence in ipairs(sequences) do
  redis.call('ZREMRANGEBYSCORE', KEYS[3], sequence, sequence)
  redis.call('ZREM', KEYS[4], sequence)
end
if #sequences == limit then more = 1 end
local sweep = redis.call('HGET', KEYS[1], 'sweep')
if sweep then
  local from = sweep == 'x' and '-' or '(' .. string.sub(sweep, 2)
  local keys = redis.call('ZRANGEBYLEX', KEYS[6], from, '+', 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    if redis.call('HGET', records .. 'session:' .. key, 'p') ~= epoch then remove('session', key) end
  end
  if #keys == limit then
    redis.call('HSET', KEYS[1], 'sweep', 'x' .. keys[limit])
    more = 1
  else
    redis.call('HDEL', KEYS[1], 'sweep')
  end
end
return {epoch, whole(acknowledged), more}
)";

std::string WholeRedisScript(const char* script) { return absl::StrCat(kBegin, script); }

}  // namespace lanyard::internal
