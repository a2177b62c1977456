-- The requests of a file in turn, one a line: method, path and the body in hexadecimal (or nothing). Prints what came back.
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do
    local method, path, hex = line:match("^(%S+) (%S+) ?(%x*)$")
    local body = hex ~= "" and hex:gsub("..", function(octet) return string.char(tonumber(octet, 16)) end) or nil
    local headers = { ["Host"] = "pki.example" }
    if body then headers["Content-Type"] = "application/ocsp-request" end
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local errors = summary.errors
  print(string.format("figures %d %d %d %d %d", summary.requests, summary.duration, summary.bytes, latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
