"""How the server's cost grows with its ledger: make bench-growth.

  growth.py BUILD OUT [ENTRIES_MAX]

Grows one ledger over HTTP, to 10^4, 10^5, ... ENTRIES_MAX (default 10^7) entries, with a tenth as
many customers (at most a million) and random idempotency keys, and measures at each size: the
time of a start, grants a second and their latency, bytes an entry, memory beyond the maps.  A
machine is not as fast in one minute as in the next, so beside a ledger of more than 100,000
entries a new one of 100,000 is served, and asked in turn with it: what the large one keeps of
the small one's throughput is the median of the rounds' ratios.  Writes OUT/growth.json and a plot
a quantity, OUT/growth-*.svg; prints the table.  Medians of ROUNDS.  BENCH_ENTRIES_MAX in the
environment is ENTRIES_MAX where that is not given.  The ledgers lie in TMPDIR, else in
BUILD/bench, and are removed; at the end the large one is audited.
"""
import datetime
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS, CONNECTIONS = 9, 128
BASE = 10**5  # entries of the ledger that larger ones are held against
SECONDS = {10**4: 0.2, BASE: 0.4}  # of one round: a ledger should not grow much by it
SECONDS_BESIDE, SECONDS_WARM = 1, 3
CUSTOMERS_MAX = 1_000_000
START_SECONDS_MAX = 600

QUANTITIES = [  # name, title, unit, goal at the most (or None)
    ("throughput", f"Grants a second, {CONNECTIONS} connections", "1/s", None),
    ("kept", "Grants a second, of what a ledger of 100,000 entries takes beside it", "", 0.9),
    ("p99", f"Latency of a grant, p99, {CONNECTIONS} connections", "ms", None),
    ("bytes", "ledger.mdb, bytes an entry", "B", 400),
    ("start", "A start, until it listens", "s", 1),
    ("memory", "Memory beyond the maps", "MiB", 256),
]


class Server:
    """A ledger in a directory, and the server over it while it runs."""

    def __init__(self, build, work, name):
        self.build, self.data, self.programme = build, work / name, work / f"{name}.programme"
        made = subprocess.run([build / "lagniappe", "init", "--data", self.data, "--origin",
                               "bench.example/growth", "--timezone", "Europe/Paris"],
                              capture_output=True, text=True, check=True)
        self.secrets = dict(re.findall(r"^(\S+): (\S+)$", made.stdout, re.M))

    def start(self):
        """Seconds until it listens."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [self.build / "lagniapped", "--data", self.data, "--listen", "127.0.0.1:0", "--log-public"],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in self.process.stderr:
            found = re.search(r"listening on (http://\S+)", line)
            if found:
                self.url = found.group(1).rstrip('"')
                took = time.monotonic() - began
                self.log = subprocess.Popen(["cat"], stdin=self.process.stderr,
                                            stdout=subprocess.DEVNULL)
                return took
        raise SystemExit("growth: the server did not start")

    def stop(self):
        self.process.terminate()
        if self.process.wait(START_SECONDS_MAX) != 0:
            raise SystemExit("growth: the server did not end well")
        self.log.wait()

    def entries(self):
        with urllib.request.urlopen(self.url + "/checkpoint") as answer:
            return int(answer.read().split(b"\n")[1])

    def memory_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) / 1024

    def bench(self, *words):
        done = subprocess.run([self.build / "lagniappe-bench", "--url", self.url, "--programme",
                               self.programme, "--json", *map(str, words)], capture_output=True,
                              text=True)
        if done.returncode != 0:
            raise SystemExit(f"growth: lagniappe-bench {words}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else None

    def grants(self, seconds):
        return self.bench("--connections", CONNECTIONS, "--warmup", 0.1, "--seconds", seconds)

    def grow(self, target):
        """Customers, and grants, a thousand a request, until it has so many entries."""
        self.bench("--setup", "--admin-token", self.secrets["admin-token"], "--finance-token",
                   self.secrets["finance-token"], "--customers", min(target // 10, CUSTOMERS_MAX))
        rate = 50_000
        while (missing := target - self.entries()) > 0:
            seconds = min(max(missing / rate, 0.05), 60)
            result = self.bench("--mode", "batch:1000" if missing > 5000 else "grant",
                                "--connections", 8, "--warmup", 0, "--seconds", round(seconds, 2))
            rate = max(result.get("lines_per_s") or result["requests_per_s"], 1000)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def start_again(server):
    """Median seconds of a start, and bytes of ledger.mdb when nothing waits for it."""
    starts = []
    for _ in range(ROUNDS):
        server.stop()
        size = (server.data / "ledger.mdb").stat().st_size
        starts.append(server.start())
    return statistics.median(starts), size


def measure(server, size, beside):
    """beside: a server over a ledger of BASE entries, or None."""
    memory, entries = server.memory_mib(), server.entries()
    start, stored = start_again(server)
    results, ratios = [], []
    if beside:  # after a start each page that it looks at is new to it
        server.grants(SECONDS_WARM)
    for _ in range(ROUNDS):
        results.append(server.grants(SECONDS_BESIDE if beside else SECONDS[size]))
        if beside:
            ratios.append(results[-1]["requests_per_s"] /
                          beside.grants(SECONDS_BESIDE)["requests_per_s"])
        memory = max(memory, server.memory_mib())
    rates = [result["requests_per_s"] for result in results]
    return {"entries": size, "entries_at_the_end": server.entries(),
            "throughput": statistics.median(rates), "throughput_of_rounds": rates,
            "kept": statistics.median(ratios or [1]), "kept_of_rounds": ratios,
            "p99": statistics.median(result["latency_ms"]["p99"] for result in results),
            "bytes": stored / entries, "start": start, "memory": memory}


def measure_beside(build, work, server, size):
    """As measure, with the small ledger beside it where this one is a large one."""
    if size <= BASE:
        return measure(server, size, None)
    beside = Server(build, work, f"beside-{size}")
    beside.start()
    try:
        beside.grow(BASE)
        return measure(server, size, beside)
    finally:
        beside.end()
        shutil.rmtree(beside.data)


def nice(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


class Plot:
    """A line over a logarithmic axis of entries."""
    WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 380, 84, 24, 56, 64
    INDENT = 36  # of the first and the last point, so that figures do not meet the axis
    INK, LINE, GOAL = "#222", "#1a5fb4", "#b3261e"

    def __init__(self, rows, most):
        self.low, high = (math.log10(rows[i]["entries"]) for i in (0, -1))
        room = self.WIDTH - self.LEFT - self.RIGHT - 2 * self.INDENT
        self.across = room / (high - self.low or 1)
        self.step = self.nice_step(most / 4)
        self.steps = math.ceil(most / self.step)
        self.parts = []

    @staticmethod
    def nice_step(least):
        """1, 2 or 5 times a power of ten, at least so much."""
        power = 10 ** math.floor(math.log10(least))
        return next(power * m for m in (1, 2, 5, 10) if power * m >= least)

    def x(self, entries):
        return self.LEFT + self.INDENT + (math.log10(entries) - self.low) * self.across

    def y(self, value):
        room = self.HEIGHT - self.TOP - self.BOTTOM
        return self.HEIGHT - self.BOTTOM - value / (self.step * self.steps) * room

    def text(self, x, y, text, anchor="middle", fill=INK, more=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"'
                          f'{more}>{text}</text>')

    def line(self, x1, y1, x2, y2, stroke, more=""):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{stroke}"{more}/>')

    def axes(self, rows, unit):
        right, floor = self.WIDTH - self.RIGHT, self.HEIGHT - self.BOTTOM
        for i in range(self.steps + 1):
            value = i * self.step
            self.line(self.LEFT, self.y(value), right, self.y(value), "#ddd" if i else "#888")
            self.text(self.LEFT - 8, self.y(value) + 4, nice(value), "end")
        for row in rows:
            self.line(self.x(row["entries"]), floor, self.x(row["entries"]), floor + 5, "#888")
            self.text(self.x(row["entries"]), floor + 20, f'{row["entries"]:,}')
        self.text((self.LEFT + right) / 2, self.HEIGHT - 16, "entries in the ledger")
        self.text(self.LEFT - 8, self.TOP - 12, unit, "end")

    def goal(self, value, told):
        right = self.WIDTH - self.RIGHT
        self.line(self.LEFT, self.y(value), right, self.y(value), self.GOAL,
                  ' stroke-dasharray="6 4"')
        self.text(right, 22, f"- - {told}", "end", self.GOAL)

    def curve(self, rows, name):
        points = [(self.x(row["entries"]), self.y(row[name]), row[name]) for row in rows]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{self.LINE}" '
                          'stroke-width="2"/>')
        for x, y, value in points:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{self.LINE}"/>')
            # A white rim, so that a line behind it does not cross it.
            self.text(x, y - 10, nice(value),
                      more=' stroke="#fff" stroke-width="4" paint-order="stroke"')

    def svg(self, title):
        self.text(self.LEFT, 22, title, "start", more=' font-size="16"')
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" '
                f'role="img" font-family="sans-serif" font-size="13"><title>{title}</title>\n'
                f'<rect width="{self.WIDTH}" height="{self.HEIGHT}" fill="#fff"/>\n'
                + "\n".join(self.parts) + "\n</svg>\n")


def plot(rows, name, title, unit, goal):
    drawn = Plot(rows, max([row[name] for row in rows] + [goal or 0]) * 1.1 or 1)
    drawn.axes(rows, unit)
    if goal:
        drawn.goal(goal, f"goal: at {'least' if name == 'kept' else 'most'} {nice(goal)}")
    drawn.curve(rows, name)
    return drawn.svg(title)


def tell(rows, out):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    known = {"date": datetime.date.today().isoformat(), "commit": commit.stdout.strip() or "unknown",
             "rounds": ROUNDS, "connections": CONNECTIONS, "rows": rows}
    (out / "growth.json").write_text(json.dumps(known, indent=1) + "\n")
    for quantity in QUANTITIES:
        (out / f"growth-{quantity[0]}.svg").write_text(plot(rows, *quantity))
    print(f"{'entries':>12} {'grants/s':>10} {'kept':>6} {'p99 ms':>8} {'B/entry':>8} {'start s':>8} "
          f"{'MiB':>6}")
    for row in rows:
        print(f"{row['entries']:>12,} {row['throughput']:>10,.0f} {row['kept']:>6.2f} {row['p99']:>8.2f} "
              f"{row['bytes']:>8.0f} {row['start']:>8.2f} {row['memory']:>6.0f}")


def main(build, out, entries_max=None):
    build, out = pathlib.Path(build), pathlib.Path(out)
    entries_max = int(entries_max or os.environ.get("BENCH_ENTRIES_MAX", 10**7))
    out.mkdir(exist_ok=True)
    (build / "bench").mkdir(exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="growth.", dir=os.environ.get("TMPDIR", build / "bench")))
    server, rows = Server(build, work, "grown"), []
    server.start()
    try:
        for power in range(4, round(math.log10(entries_max)) + 1):
            server.grow(10**power)
            rows.append(measure_beside(build, work, server, 10**power))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        server.stop()
        subprocess.run([build / "lagniappe-audit", "verify", server.data, "--key",
                        server.secrets["log-vkey"]], check=True, stdout=subprocess.DEVNULL)
        tell(rows, out)
    finally:
        server.end()
        shutil.rmtree(work)


main(*sys.argv[1:])
