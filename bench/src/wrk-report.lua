-- What wrk found, as one line of JSON; and, given a file of paths, requests for these in random order.
function init(arguments)
  if #arguments == 0 then return end
  local requests = {}
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  math.randomseed(1)
  request = function() return requests[math.random(#requests)] end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"bytes":%d,"refusals":%d,"brokenTransfers":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
