-- Sends GETs of the paths in the file PATHS, in turn, and prints what came back as one line of JSON.
local requests = {}
local last = 0

function init()
  wrk.headers["Accept"] = os.getenv("ACCEPT")
  for path in io.lines(os.getenv("PATHS")) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"bytes":%d,"seconds":%f,"p99":%f,"failed":%d}',
    summary.requests, summary.bytes, summary.duration / 1e6, latency:percentile(99) / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
