"""
Load by wrk or by a program of the server's own, with the CPU time that it costs each of the programs
concerned.
"""

import os
import resource
import subprocess
import sys
import time

from harness import process

SCRIPT = """
local file = io.open(os.getenv("BODY"), "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
for line in io.lines(os.getenv("HEADERS")) do
	local name, value = line:match("^(.-): (.*)$")
	wrk.headers[name] = value
end
function done(summary, latency)
	local e = summary.errors
	io.write(string.format("RESULT %d %d %d %d %.1f %.1f\\n", summary.requests, summary.duration,
		e.status, e.connect + e.read + e.write + e.timeout,
		latency:percentile(50), latency:percentile(99)))
end
"""
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids):
    """User and system time of these processes and of the children that they have outlived."""
    ticks = 0
    for pid in pids:
        fields = process.stat_fields(pid)
        # From the state on, utime is the twelfth; stime, cutime and cstime follow.
        ticks += sum(int(field) for field in fields[11:15]) if fields else 0
    return ticks / TICKS


def machine_seconds():
    """(all, idle) CPU time of all cores so far; waiting for a disk is idle."""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(word) for word in file.readline().split()[1:9]]
    return sum(ticks) / TICKS, (ticks[3] + ticks[4]) / TICKS


class Result:
    """One run, or several added up."""

    def __init__(self):
        self.requests, self.seconds = 0, 0.0
        self.machine, self.idle = 0.0, 0.0
        self.p50, self.p99, self.cpu = [], [], {}

    def add(self, requests, seconds, p50, p99):
        self.requests += requests
        self.seconds += seconds
        self.p50.append(p50)
        self.p99.append(p99)

    def add_cpu(self, name, seconds):
        self.cpu[name] = self.cpu.get(name, 0.0) + seconds

    @property
    def rate(self):
        return self.requests / self.seconds

    def micros(self, name):
        """CPU microseconds a request of one of the programs."""
        return self.cpu.get(name, 0.0) * 1e6 / self.requests

    def idle_share(self):
        return self.idle / self.machine

    def foreign_share(self):
        """What programs that have no part in this have used of the machine."""
        return max(0.0, (self.machine - self.idle - sum(self.cpu.values())) / self.machine)

    def latency_ms(self):
        """p50 and p99, each the mean of the runs."""
        return tuple(sum(values) / len(values) for values in (self.p50, self.p99))


def start(server, connections, seconds):
    """wrk, running; SIGINT ends it early. A server with a generator() has its own command line."""
    if hasattr(server, "generator"):
        argv = server.generator(connections, seconds)
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    folder = process.short_folder("cwld")
    env = dict(os.environ, BODY=f"{folder}/body", HEADERS=f"{folder}/headers")
    with open(env["BODY"], "wb") as file:
        file.write(server.body)
    with open(env["HEADERS"], "w", encoding="ascii") as file:
        file.write("".join(f"{name}: {value}\n" for name, value in server.headers.items()))
    with open(f"{folder}/post.lua", "w", encoding="ascii") as file:
        file.write(SCRIPT)
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "40s"]
    return subprocess.Popen(
        [*argv, "-s", f"{folder}/post.lua", server.url], env=env, stdout=subprocess.PIPE, text=True
    )


def read(server, generator):
    """Waits for the generator: requests, seconds, p50 and p99 in milliseconds. Each answer was a success."""
    output, _ = generator.communicate()
    line = next((line for line in output.splitlines() if line.startswith("RESULT ")), None)
    if line is None:
        sys.exit(f"{server.name}: the load generator said: {output}")
    requests, micros, refused, broken, p50, p99 = (float(word) for word in line.split()[1:])
    if refused or broken:
        sys.exit(f"{server.name}: {refused:.0f} answers were no success, {broken:.0f} did not come")
    return int(requests), micros / 1e6, p50 / 1000, p99 / 1000


def _settled_rows(server):
    """Rows when the last requests, whose answers nobody awaits any more, have ended."""
    rows = -1
    while rows != server.rows():
        rows = server.rows()
        time.sleep(0.2)
    return rows


def _client_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(server, connections, seconds, result):
    """
    Adds one run to result; ends the program when an answer was not a recorded certificate (or, for
    requests that issue none, when rows were added).
    """
    rows = _settled_rows(server)
    cpu = {name: cpu_seconds(pids) for name, pids in server.processes().items()}
    client, machine = _client_cpu(), machine_seconds()
    requests, elapsed, p50, p99 = read(server, start(server, connections, seconds))
    result.machine += machine_seconds()[0] - machine[0]
    result.idle += machine_seconds()[1] - machine[1]
    # Workers may have been replaced meanwhile: their time is now their master's.
    for name, pids in server.processes().items():
        result.add_cpu(name, cpu_seconds(pids) - cpu[name])
    result.add_cpu("client", _client_cpu() - client)
    grown = _settled_rows(server) - rows
    # wrk leaves the requests that are under way at its end.
    expected = requests if getattr(server, "issues", True) else 0
    if not expected <= grown <= expected + connections:
        sys.exit(f"{server.name}: {requests} answers, but {grown} rows")
    result.add(requests, elapsed, p50, p99)
