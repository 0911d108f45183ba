"""How the server's cost grows with its ledger: make bench-growth.

  growth.py BUILD OUT [ENTRIES_MAX]

Grows one ledger over HTTP, to 10^4, 10^5, ... ENTRIES_MAX (default 10^7) entries, with a tenth as
many customers (at most a million) and random idempotency keys, and measures at each size: the
time of a start, grants a second and their latency, bytes an entry, memory beyond the maps.
Writes OUT/growth.json and a plot a quantity, OUT/growth-*.svg; prints the table.  Medians of
ROUNDS.  BENCH_ENTRIES_MAX in the environment is ENTRIES_MAX where that is not given.  The ledger lies in TMPDIR, else in BUILD/bench, and is removed; at the end it is audited.
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

ROUNDS, SECONDS, CONNECTIONS = 3, 3, 128
CUSTOMERS_MAX = 1_000_000
START_SECONDS_MAX = 600

QUANTITIES = [  # name, title, unit
    ("throughput", f"Grants a second, {CONNECTIONS} connections", "1/s"),
    ("p99", "Latency of a grant, p99", "ms"),
    ("bytes", "ledger.mdb, bytes an entry", "B"),
    ("start", "A start, until it listens", "s"),
    ("memory", "Memory beyond the maps", "MiB"),
]


class Server:
    def __init__(self, build, data):
        self.build, self.data = build, data

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

    def bench(self, programme, *words):
        done = subprocess.run([self.build / "lagniappe-bench", "--url", self.url, "--programme",
                               programme, "--json", *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"growth: lagniappe-bench {words}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout else None


def grow(server, programme, target):
    """Grants, a thousand a request, until the ledger has so many entries."""
    rate = 50_000
    while (missing := target - server.entries()) > 0:
        seconds = min(max(missing / rate, 0.05), 60)
        result = server.bench(programme, "--mode", "batch:1000" if missing > 5000 else "grant",
                              "--connections", 8, "--warmup", 0, "--seconds", round(seconds, 2))
        rate = max(result.get("lines_per_s") or result["requests_per_s"], 1000)


def measure(server, programme, data, size):
    starts, rates, latencies, memory = [], [], [], 0
    for _ in range(ROUNDS):
        server.stop()
        starts.append(server.start())
        result = server.bench(programme, "--connections", CONNECTIONS, "--seconds", SECONDS)
        rates.append(result["requests_per_s"])
        latencies.append(result["latency_ms"]["p99"])
        memory = max(memory, server.memory_mib())
    pages = (data / "ledger.mdb").stat().st_size
    return {"entries": size, "throughput": statistics.median(rates), "throughput_of_rounds": rates,
            "p99": statistics.median(latencies), "bytes": pages / server.entries(),
            "start": statistics.median(starts), "memory": memory}


def nice(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def plot(rows, name, title, unit):
    """A line over a logarithmic axis of entries."""
    width, height, left, right, top, bottom = 640, 320, 80, 20, 44, 44
    low, high = math.log10(rows[0]["entries"]), math.log10(rows[-1]["entries"])
    most = max(row[name] for row in rows) * 1.15 or 1
    across = (width - left - right) / (high - low or 1)

    def x(row):
        return left + (math.log10(row["entries"]) - low) * across

    def y(value):
        return height - bottom - value / most * (height - top - bottom)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
             f'font-family="sans-serif" font-size="13"><title>{title}</title>',
             f'<rect width="{width}" height="{height}" fill="#fff"/>',
             f'<text x="{left}" y="24" font-size="16">{title}</text>']
    for step in range(5):
        value = most * step / 4
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y(value):.1f}" y2="{y(value):.1f}" '
                     f'stroke="#ddd"/><text x="{left - 8}" y="{y(value) + 4:.1f}" '
                     f'text-anchor="end">{nice(value)}</text>')
    for row in rows:
        parts.append(f'<text x="{x(row):.1f}" y="{height - 18}" text-anchor="middle">'
                     f'{row["entries"]:,}</text><circle cx="{x(row):.1f}" cy="{y(row[name]):.1f}" '
                     f'r="4" fill="#1a5fb4"/><text x="{x(row):.1f}" y="{y(row[name]) - 10:.1f}" '
                     f'text-anchor="middle">{nice(row[name])} {unit}</text>')
    points = " ".join(f'{x(row):.1f},{y(row[name]):.1f}' for row in rows)
    parts.append(f'<polyline points="{points}" fill="none" stroke="#1a5fb4" stroke-width="2"/></svg>\n')
    return "\n".join(parts)


def tell(rows, out):
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    known = {"date": datetime.date.today().isoformat(), "commit": commit.stdout.strip() or "unknown",
             "rounds": ROUNDS, "connections": CONNECTIONS, "rows": rows}
    (out / "growth.json").write_text(json.dumps(known, indent=1) + "\n")
    for name, title, unit in QUANTITIES:
        (out / f"growth-{name}.svg").write_text(plot(rows, name, title, unit))
    print(f"{'entries':>12} {'grants/s':>10} {'p99 ms':>8} {'B/entry':>8} {'start s':>8} {'MiB':>6}")
    for row in rows:
        print(f"{row['entries']:>12,} {row['throughput']:>10,.0f} {row['p99']:>8.2f} "
              f"{row['bytes']:>8.0f} {row['start']:>8.2f} {row['memory']:>6.0f}")


def init(build, data):
    made = subprocess.run([build / "lagniappe", "init", "--data", data, "--origin",
                           "bench.example/growth", "--timezone", "Europe/Paris"],
                          capture_output=True, text=True, check=True)
    return dict(re.findall(r"^(\S+): (\S+)$", made.stdout, re.M))


def main(build, out, entries_max=None):
    build, out = pathlib.Path(build), pathlib.Path(out)
    entries_max = int(entries_max or os.environ.get("BENCH_ENTRIES_MAX", 10**7))
    out.mkdir(exist_ok=True)
    (build / "bench").mkdir(exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix="growth.", dir=os.environ.get("TMPDIR", build / "bench")))
    data, programme, rows = work / "data", work / "programme", []
    secrets = init(build, data)
    server = Server(build, data)
    server.start()
    try:
        for power in range(4, round(math.log10(entries_max)) + 1):
            size = 10**power
            server.bench(programme, "--setup", "--admin-token", secrets["admin-token"],
                         "--finance-token", secrets["finance-token"], "--customers",
                         min(size // 10, CUSTOMERS_MAX))
            grow(server, programme, size)
            rows.append(measure(server, programme, data, size))
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
        server.stop()
        subprocess.run([build / "lagniappe-audit", "verify", data, "--key", secrets["log-vkey"]],
                       check=True, stdout=subprocess.DEVNULL)
        tell(rows, out)
    finally:
        if server.process.poll() is None:
            server.process.terminate()
            server.process.wait()
        shutil.rmtree(work)


main(*sys.argv[1:])
