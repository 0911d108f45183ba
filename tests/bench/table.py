"""The table of a benchmark, and results.json: medians over its rounds.

  table.py RESULTS.ndjson RESULTS.json            prints the table and the goals, writes the JSON
  table.py --row RESULTS.json                     a row of the results in README.md
  table.py --rate RESULTS.ndjson CASE CONNECTIONS PERCENT    a share of a case's median
  table.py --reply-bytes RESULTS.ndjson           the mean of the first figure's replies
  table.py --peers RESULTS.ndjson PEERS.json      the table of peers, each at its best

Goals that need the peers or a large ledger are judged by what was measured last: PEERS.json
beside RESULTS.json, and growth.json beside this file.
"""
import collections
import datetime
import json
import pathlib
import platform
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
import goals  # noqa: E402  (beside this file)

LABELS = {
    "echo": "echo, reply as long as a grant's",
    "echo-300": "echo, reply of 300 bytes",
    "grant": "grant with receipt",
    "minimal": "grant, return=minimal",
    "tls-grant": "grant with receipt, TLS 1.3",
    "tls-minimal": "grant, return=minimal, TLS 1.3",
    "batch:100": "grants, 100 a request",
    "batch:1000": "grants, 1,000 a request",
    "tls-batch:100": "grants, 100 a request, TLS 1.3",
    "tls-batch:1000": "grants, 1,000 a request, TLS 1.3",
    "balance": "balances while grants run",
    "lmdb": "LMDB append alone",
    "library": "library alone",
    "disk": "disk alone, 64 KiB a sync: what a durable request waits",
    "open-50": "grant with receipt",
    "open-50-audit": "the same, an audit running",
    "open-80": "grant with receipt",
    "postgres": "PostgreSQL, a function, by socket",
    "redis": "Redis, a function, appendfsync always, by socket",
}
# Lines of results that are no figure of a load.
OTHERS = ("judging", "memory", "start", "audit", "audit-memory", "report")


def read(path):
    return [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]


def key_of(line):
    return (line["case"], line.get("loop", "closed"), line.get("connections"), line.get("batch"),
            round(line.get("rate", 0)) if line.get("loop") == "open" else 0)


def per_second(line):
    for name in ("entries_per_s", "grants_per_s", "syncs_per_s"):
        if name in line:
            return line[name]
    return line["lines_per_s"] if "batch" in line["case"] else line["requests_per_s"]


def median(lines, value):
    found = [value(line) for line in lines]
    return statistics.median(found) if all(v is not None for v in found) else None


def latency(name):
    def value(line):
        if "latency_ms" in line:
            return line["latency_ms"][name]
        return line.get(f"commit_{name}_ms")
    return value


def cpu_us(name):
    def value(line):
        if name == "server_cpu_s" and "cpu_us_per_grant" in line:
            return line["cpu_us_per_grant"]
        seconds = line.get(name)
        return seconds * 1e6 / max(1, line["requests"]) if seconds is not None else None
    return value


def summarise(lines):
    first = lines[0]
    middle = sorted(lines, key=per_second)[len(lines) // 2]
    row = {
        "case": first["case"], "loop": first.get("loop", "closed"),
        "connections": first.get("connections"), "batch": first.get("batch"),
        "rate": first.get("rate"),
        "per_second": median(lines, per_second),
        "per_second_of_rounds": [per_second(line) for line in lines],
        "p50_ms": median(lines, latency("p50")), "p99_ms": median(lines, latency("p99")),
        "p999_ms": median(lines, latency("p999")),
        "server_cpu_us": median(lines, cpu_us("server_cpu_s")),
        "generator_cpu_us": median(lines, cpu_us("generator_cpu_s")),
        "bytes_per_entry": median(lines, lambda line: line.get("bytes_per_entry")),
        "errors": sum(line.get("errors", 0) for line in lines),
        "asked_again": sum(line.get("asked_again", 0) + line.get("lines_asked_again", 0)
                           for line in lines),
        "receipts_verified": sum(line.get("receipts_verified", 0) for line in lines),
    }
    if "latency_ms" in middle:
        row["histogram_ms"] = middle["latency_ms"]["histogram"]
    return {name: value for name, value in row.items() if value is not None}


def compare(rows):
    """Each figure beside the echo's at as many connections, and TLS beside plain."""
    at = {(r["case"], r["connections"]): r["per_second"] for r in rows
          if r["loop"] == "closed" and "connections" in r}
    for row in rows:
        connections = row.get("connections")
        echo = at.get(("echo", connections))
        if echo and row["loop"] == "closed" and "batch" not in row["case"]:
            row["of_echo"] = row["per_second"] / echo
        plain = at.get(("grant", connections))
        if plain and row["case"] == "tls-grant":
            row["of_plain"] = row["per_second"] / plain


def cell(row, name, form):
    return form.format(row[name]) if name in row else ""


def table(rows):
    head = ["", "conns", "per second", "p50 ms", "p99 ms", "p99.9", "of echo", "server us", "client us",
            "B/entry"]
    lines = [head]
    for row in rows:
        label = LABELS.get(row["case"], row["case"])
        if row["loop"] == "open":
            label += f", open loop at {row['rate']:,.0f}"
        if "batch" in row:
            label += f", batches of {row['batch']:,}"
        lines.append([label, cell(row, "connections", "{}"), cell(row, "per_second", "{:,.0f}"),
                      cell(row, "p50_ms", "{:.2f}"), cell(row, "p99_ms", "{:.2f}"),
                      cell(row, "p999_ms", "{:.2f}"), cell(row, "of_echo", "{:.2f}"),
                      cell(row, "server_cpu_us", "{:.1f}"), cell(row, "generator_cpu_us", "{:.1f}"),
                      cell(row, "bytes_per_entry", "{:.0f}")])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] +
                        [text.rjust(width) for text, width in zip(line[1:], widths[1:])]).rstrip())


RULES = {"limits": "judged by three limits", "no-limits": "without limits"}
MOMENTS = {"grants": "after grants", "batches": "after batches", "end": "at the end"}


def commit():
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def machine():
    cpu = [line.split(":", 1)[1].strip() for line in
           pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {"cpu": cpu[0] if cpu else platform.machine(), "cores": len(cpu),
            "kernel": platform.release()}


def grouped(results, case, names):
    """The lines of one of OTHERS, by what tells their kinds apart, as {names: lines}."""
    groups = collections.OrderedDict()
    for line in read(results):
        if line["case"] == case and all(name in line for name in names):
            groups.setdefault(tuple(line[name] for name in names), []).append(line)
    return groups


def judging(results):
    """What judging takes in a large house, by kind of judging: the median of the rounds."""
    return [{"judging": kind, "limits": lines[0]["limits"], "staff": lines[0]["staff"],
             "ns_mean": median(lines, lambda line: line["ns_mean"]),
             "ns_p99": median(lines, lambda line: line["ns_p99"])}
            for (kind,), lines in grouped(results, "judging", ["judging"]).items()]


def memory(results):
    """Bytes that are the plain server's own, by when: the most of the rounds."""
    return {when: max(line["kib"] for line in lines) * 1024
            for (when,), lines in grouped(results, "memory", ["when"]).items()}


def starts(results):
    lines = grouped(results, "start", []).get((), [])
    return {"entries": lines[-1]["entries"], "seconds": median(lines, lambda line: line["seconds"])} \
        if lines else None


def audits(results):
    """Audits are their own best of rounds."""
    found = [{"rules": rules, "threads": threads, "batch": line["batch"],
              "per_second": line["entries"] / line["seconds"],
              "per_cpu_second": line["entries"] / line["cpu_s"]}
             for (rules, threads), (line, *_) in
             grouped(results, "audit", ["rules", "threads"]).items()]
    each = [line["bytes_each"] for lines in grouped(results, "audit-memory", []).values()
            for line in lines]
    return {"figures": found, "bytes_each": max(each, default=None)}


def reports(results):
    return [{"report": line["report"], "seconds": line["seconds"], "grants": line["grants"]}
            for lines in grouped(results, "report", []).values() for line in lines]


def summaries(results):
    groups = collections.OrderedDict()
    for line in read(results):
        if line["case"] in OTHERS:
            continue
        groups.setdefault(key_of(line), []).append(line)
    order = list(LABELS)
    return sorted((summarise(lines) for lines in groups.values()),
                  key=lambda row: (row["loop"] == "open", order.index(row["case"])))


def about(rows):
    return {"date": datetime.date.today().isoformat(), "commit": commit(), "machine": machine(),
            "rounds": max(len(row["per_second_of_rounds"]) for row in rows)}


def told(known):
    return (f"{known['date']}, commit {known['commit']}, {known['machine']['cores']} x "
            f"{known['machine']['cpu']}, Linux {known['machine']['kernel']}; medians of "
            f"{known['rounds']} rounds")


def tell(known):
    mib = 1 << 20
    print(f"\n{told(known)}; CPU time in microseconds a request.")
    print(f"Receipts verified: {sum(row.get('receipts_verified', 0) for row in known['rows'])}.  "
          "Asked again after 503, and answered: "
          f"{sum(row['asked_again'] for row in known['rows']):,} requests and lines.")
    for when, own in known["memory_bytes"].items():
        print(f"The server's memory beyond its maps, {MOMENTS[when]}: {own / mib:.0f} MiB.")
    if known["start"]:
        print(f"A start on {known['start']['entries']:,} entries: {known['start']['seconds']:.2f} s.")
    for row in known["judging"]:
        print(f"Judging with {row['limits']:,} limits and {row['staff']:,} staff, {row['judging']}: "
              f"{row['ns_mean'] / 1000:.1f} us, p99 {row['ns_p99'] / 1000:.1f}.")
    for row in known["audit"]["figures"]:
        print(f"An audit of batches of {row['batch']:,}, {RULES[row['rules']]}, {row['threads']} "
              f"thread{'s' if row['threads'] > 1 else ''}: {row['per_second']:,.0f} entries/s.")
    for row in known["reports"]:
        print(f"Report {row['report']}, {row['grants']:,} grants, one core: {row['seconds']:.2f} s.")


def beside(path):
    """What another run wrote, or nothing."""
    return json.loads(path.read_text()) if path.exists() else None


def main(results, out):
    rows = summaries(results)
    compare(rows)
    out = pathlib.Path(out)
    known = {**about(rows), "memory_bytes": memory(results), "start": starts(results),
             "judging": judging(results), "audit": audits(results), "reports": reports(results),
             "rows": rows}
    known["goals"] = goals.judge(known, beside(out.parent / "peers.json"),
                                 beside(pathlib.Path(__file__).parent / "growth.json"))
    out.write_text(json.dumps(known, indent=1) + "\n")
    table(rows)
    tell(known)
    print()
    goals.tell(known["goals"])


def row_of(results):
    """A row of README.md's table of results."""
    known = json.loads(pathlib.Path(results).read_text())
    at = {(row["case"], row.get("connections", row.get("batch"))): row for row in known["rows"]}

    def cell_of(case, connections, form):
        return form(at[case, connections]) if (case, connections) in at else ""

    def rate(row):
        return f"{row['per_second']:,.0f}"

    def of_echo(row):
        return f"{row['per_second']:,.0f} ({row['of_echo']:.2f})"

    def waits(row):
        return f"{row['p99_ms']:.1f} / {row['p999_ms']:.1f}"

    audit = [f"{row['per_second'] / 1e6:.2f} M" for row in known["audit"]["figures"]
             if row["rules"] == "limits" and row["threads"] == 1]
    machine_of = f"{known['machine']['cores']} x {known['machine']['cpu']}"
    cells = [known["date"], machine_of, known["commit"],
             *(cell_of("grant", c, of_echo) for c in (1, 32, 128, 512)),
             cell_of("tls-grant", 512, lambda row: f"{row.get('of_plain', 0):.2f}"),
             cell_of("batch:1000", 8, rate), cell_of("library", 1000, rate),
             cell_of("lmdb", 1000, rate), cell_of("balance", 128, rate),
             cell_of("open-50-audit", 512, waits), "".join(audit)]
    print("| " + " | ".join(cells) + " |")


def peers(results, out):
    rows = summaries(results)
    known = about(rows)
    pathlib.Path(out).write_text(json.dumps({**known, "rows": rows}, indent=1) + "\n")
    table(rows)
    best = {}
    for row in rows:
        best[row["case"]] = max(best.get(row["case"], 0), row["per_second"])
    print(f"\n{told(known)}.")
    for case in ("postgres", "redis"):
        print(f"Over HTTP with receipts, this server at its best is {best['grant'] / best[case]:.1f} "
              f"x {LABELS[case]}, at its best.")


if sys.argv[1] == "--rate":
    chosen = [line for line in read(sys.argv[2]) if line["case"] == sys.argv[3]
              and line["loop"] == "closed" and line["connections"] == int(sys.argv[4])]
    print(int(median(chosen, per_second) * int(sys.argv[5]) / 100))
elif sys.argv[1] == "--reply-bytes":
    print(round(read(sys.argv[2])[0]["reply_bytes"]))
elif sys.argv[1] == "--row":
    row_of(sys.argv[2])
elif sys.argv[1] == "--peers":
    peers(*sys.argv[2:])
else:
    main(*sys.argv[1:])
