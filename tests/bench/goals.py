"""The goals that the benchmarks are held to, and whether the figures meet them.

Taken by table.py; nothing here is typed in but the goals.  A goal whose figure was not measured
says so, and which program measures it.
"""
MIB = 1 << 20
AT_LEAST, AT_MOST = ">=", "<="


def rows_of(known, case):
    return [row for row in known["rows"] if row["case"] == case] if known else []


def first(known, case, name, **where):
    """A figure of the row that fits, or None."""
    for row in rows_of(known, case):
        if all(row.get(key) == value for key, value in where.items()):
            return row.get(name)
    return None


def best(known, case):
    return max((row["per_second"] for row in rows_of(known, case)), default=None)


def ratio(a, b):
    return a / b if a is not None and b else None


def least(found):
    found = [value for value in found if value is not None]
    return min(found, default=None)


def most(found):
    found = [value for value in found if value is not None]
    return max(found, default=None)


def of_grants(known):
    one = first(known, "grant", "p50_ms", connections=1)
    commit = first(known, "lmdb", "p50_ms", batch=1)
    own = known["memory_bytes"].get("grants")
    return [
        ("grants a second, 512 connections", AT_LEAST, 60_000,
         first(known, "grant", "per_second", connections=512)),
        ("grants, of the bare echo, 128 connections", AT_LEAST, 0.5,
         first(known, "grant", "of_echo", connections=128)),
        ("grants, of the bare echo, 512 connections", AT_LEAST, 0.5,
         first(known, "grant", "of_echo", connections=512)),
        ("grants by TLS 1.3, of plain, at the least", AT_LEAST, 0.6,
         least(row.get("of_plain") for row in rows_of(known, "tls-grant"))),
        ("one connection: p50, of LMDB's commit of one entry", AT_MOST, 2, ratio(one, commit)),
        ("own memory after grants, MiB", AT_MOST, 64, ratio(own, MIB)),
    ]


def of_batches(known):
    return [
        ("grants a second, 1,000 a request", AT_LEAST, 300_000,
         first(known, "batch:1000", "per_second")),
        ("grants a second, the library alone, 1,000 a batch", AT_LEAST, 600_000,
         first(known, "library", "per_second", batch=1000)),
        ("bytes an entry of ledger.mdb, one a batch", AT_MOST, 600,
         first(known, "library", "bytes_per_entry", batch=1)),
        ("bytes an entry of ledger.mdb, 100 and more a batch", AT_MOST, 400,
         most(first(known, "library", "bytes_per_entry", batch=batch) for batch in (100, 1000))),
    ]


def of_waiting(known):
    return [
        ("open loop at 50 %, an audit running: p99, ms", AT_MOST, 5,
         first(known, "open-50-audit", "p99_ms")),
        ("open loop at 50 %, an audit running: p99.9, ms", AT_MOST, 20,
         first(known, "open-50-audit", "p999_ms")),
        ("balances a second while grants run", AT_LEAST, 100_000, best(known, "balance")),
    ]


def of_audits(known):
    at = {(row["rules"], row["threads"]): row["per_second"] for row in known["audit"]["figures"]}
    pace = [row["grants"] / row["seconds"] for row in known["reports"]
            if row["report"] == "spend --by staff,month"]
    return [
        ("audit, entries a second a core, three limits", AT_LEAST, 1_500_000, at.get(("limits", 1))),
        ("audit, entries a second a core, no limits", AT_LEAST, 1_500_000,
         at.get(("no-limits", 1))),
        ("audit, two threads of one", AT_LEAST, 1,
         least(ratio(at.get((rules, 2)), at.get((rules, 1))) for rules in ("limits", "no-limits"))),
        ("audit, bytes an account and live counter", AT_MOST, 64, known["audit"]["bytes_each"]),
        ("report by staff and month, grants a second a core", AT_LEAST, 1_000_000, most(pace)),
    ]


def of_peers(peers):
    ours = best(peers, "grant")
    return [
        ("grants, of PostgreSQL at its best", AT_LEAST, 10, ratio(ours, best(peers, "postgres"))),
        ("grants, of Redis at its best, appendfsync always", AT_LEAST, 2.5,
         ratio(ours, best(peers, "redis"))),
    ]


def of_growth(growth):
    at = {row["entries"]: row for row in growth["rows"]} if growth else {}
    large = at.get(10**7, {})
    return [
        ("grants a second at 10,000,000 entries, of 100,000", AT_LEAST, 0.9,
         large.get("kept")),
        ("a start at 10,000,000 entries, s", AT_MOST, 1, large.get("start")),
        ("own memory at 10,000,000 entries, MiB", AT_MOST, 256, large.get("memory")),
    ]


def met(sense, wanted, measured):
    return measured >= wanted if sense == AT_LEAST else measured <= wanted


def source(known):
    return f"{known['date']}, {known['commit']}" if known else None


def judge(known, peers, growth):
    """known, peers, growth: results.json, peers.json, growth.json; the last two may be None."""
    here = of_grants(known) + of_batches(known) + of_waiting(known) + of_audits(known)
    goals = [(goal, "make bench", source(known)) for goal in here]
    goals += [(goal, "make bench-peers", source(peers)) for goal in of_peers(peers)]
    goals += [(goal, "make bench-growth", source(growth)) for goal in of_growth(growth)]
    return [{"goal": name, "sense": sense, "wanted": wanted, "measured": measured,
             "of_wanted": ratio(measured, wanted),
             "met": None if measured is None else met(sense, wanted, measured),
             "by": by, "run": run}
            for (name, sense, wanted, measured), by, run in goals]


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def verdict(goal):
    if goal["met"] is None:
        return f"not measured: {goal['by']}"
    return "met" if goal["met"] else "NOT met"


def tell(goals):
    lines = [["goal", "wanted", "measured", "of wanted", ""]]
    for goal in goals:
        lines.append([goal["goal"], f"{goal['sense']} {number(goal['wanted'])}",
                      number(goal["measured"]), number(goal["of_wanted"]), verdict(goal)])
    widths = [max(len(line[i]) for line in lines) for i in range(4)]
    for line in lines:
        print("  ".join([line[0].ljust(widths[0])] +
                        [text.rjust(width) for text, width in zip(line[1:4], widths[1:])] +
                        [line[4]]).rstrip())
    for by in ("make bench-peers", "make bench-growth"):
        runs = {goal["run"] for goal in goals if goal["by"] == by and goal["run"]}
        if runs:
            print(f"What {by} measured is of {runs.pop()}.")
