#!/usr/bin/env python3
"""What `lagniappe-audit test` says of a file of spending, computed again.

Independent of the tool: Python's standard library alone, and the definitions of
tools/forensic/README.md.  By hand: tests/e2e/recompute_spending.py FILE LIMIT
"""
import collections
import csv
import datetime
import decimal
import gzip
import json
import math
import sys

AMOUNT, STAFF, PARTY, DATE = "ORIGINAL GROSS AMT", "CARD NUMBER", "MERCHANT NAME", "TRANS DATE"
REASON, SITE = "TRANS CAC DESC 1", "Directorate"

Row = collections.namedtuple("Row", "line amount staff party date reason site")


def read_rows(path):
    """The rows that have an amount, in pence, with the line each begins at."""
    opened = gzip.open(path, "rt", encoding="latin-1", newline="") if str(path).endswith(".gz") \
        else open(path, encoding="latin-1", newline="")
    rows = []
    with opened as file:
        reader = csv.reader(file)
        heading = next(reader)
        place = {name: heading.index(name) for name in (AMOUNT, STAFF, PARTY, DATE, REASON, SITE)}
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            rows.append(Row(
                line, int(decimal.Decimal(cells[place[AMOUNT]]) * 100),
                cells[place[STAFF]].strip(), cells[place[PARTY]].strip(),
                datetime.datetime.strptime(cells[place[DATE]], "%d/%m/%Y").date(),
                cells[place[REASON]].strip(), cells[place[SITE]].strip()))
    return rows


def spending(rows):
    return [row for row in rows if row.amount > 0]


def shares(places):
    """What Benford's law expects of the digits at these places, from the left."""
    if places == (0, 1):
        return {d: math.log10(1 + 1 / d) for d in range(1, 10)}
    if places == (1, 2):
        return {d: sum(math.log10(1 + 1 / (10 * k + d)) for k in range(1, 10)) for d in range(10)}
    return {d: math.log10(1 + 1 / d) for d in range(10, 100)}


def digit_counts(amounts, places):
    start, end = places
    return collections.Counter(int(str(amount)[start:end]) for amount in amounts)


def mad(amounts, places):
    counts, expected = digit_counts(amounts, places), shares(places)
    return sum(abs(counts[d] / len(amounts) - share)
               for d, share in expected.items()) / len(expected)


def z(count, n, expected):
    difference, correction = abs(count / n - expected), 1 / (2 * n)
    if correction < difference:
        difference -= correction
    return difference / math.sqrt(expected * (1 - expected) / n)


def arc(amounts):
    angles = [2 * math.pi * math.modf(math.log10(amount))[0] for amount in amounts]
    x = math.fsum(map(math.cos, angles)) / len(angles)
    y = math.fsum(map(math.sin, angles)) / len(angles)
    return x * x + y * y, math.exp(-len(angles) * (x * x + y * y))


def distortion(amounts):
    collapsed = [10 * amount / 10 ** (len(str(amount)) - 1) for amount in amounts]
    return (math.fsum(collapsed) / len(collapsed) - 39.0865) / 39.0865


def groups(rows, key):
    found = collections.defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def same_same_same(rows):
    found = groups(rows, lambda row: (row.staff, row.date, row.party, row.amount))
    return [group for group in found.values() if len(group) > 1]


def same_same_different(rows):
    found = groups(rows, lambda row: (row.staff, row.date, row.amount))
    return [group for group in found.values() if len({row.party for row in group}) > 1]


def splits(rows, limit, days=1):
    """Runs of one staff member and party, each from its first row on."""
    runs = []
    found = groups([row for row in rows if row.amount <= limit and row.party],
                   lambda row: (row.staff, row.party))
    for group in found.values():
        group.sort(key=lambda row: (row.date, row.line))
        at = 0
        while at < len(group):
            run = [row for row in group[at:]
                   if row.date < group[at].date + datetime.timedelta(days=days)]
            if sum(row.amount for row in run) > limit:
                runs.append(run)
                at += len(run)
            else:
                at += 1
    return runs


def just_below(rows, limit, percent=4):
    width = decimal.Decimal(limit) * percent / 100
    return (sum(limit - width < row.amount <= limit for row in rows),
            sum(limit < row.amount <= limit + width for row in rows))


def frequency_factor(rows):
    counts = collections.Counter(row.amount for row in rows)
    return 1 - sum(c * c for c in counts.values() if c > 1) / len(rows) ** 2


def relative_sizes(rows):
    """{(kind, name): (factor, line of the largest)} of subsets of two or more."""
    found = {}
    for kind, key in (("staff", lambda row: row.staff), ("customer", lambda row: row.party),
                      ("reason", lambda row: row.reason)):
        for name, group in groups(rows, key).items():
            group = sorted((row for row in group if row.amount >= 100),
                           key=lambda row: (-row.amount, row.line))
            if name and len(group) > 1:
                found[kind, name] = (group[0].amount / group[1].amount, group[0].line)
    return found


def herfindahl(rows):
    """{staff: (index, greatest share)} of staff with ten rows or more."""
    found = {}
    for staff, group in groups(rows, lambda row: row.staff).items():
        sums = collections.Counter()
        for row in group:
            sums[row.party] += row.amount
        total = sum(sums.values())
        if len(group) >= 10:
            found[staff] = (sum((s / total) ** 2 for s in sums.values()),
                            max(sums.values()) / total)
    return found


def recompute(path, limit):
    rows = read_rows(path)
    taken = spending(rows)
    digits = [row.amount for row in taken if row.amount >= 1000]
    below, above = just_below(taken, limit)
    return {
        "rows": len(rows), "staff": len({row.staff for row in rows}),
        "parties": len({row.party for row in rows}),
        "refunds": sum(row.amount < 0 for row in rows), "total": sum(row.amount for row in rows),
        "first_two_mad": mad(digits, (0, 2)), "first_mad": mad(digits, (0, 1)),
        "second_mad": mad(digits, (1, 2)), "arc": arc(digits), "distortion": distortion(digits),
        "same_same_same": len(same_same_same(taken)),
        "same_same_different": len(same_same_different(taken)),
        "splits": len(splits(taken, limit)), "below": below, "above": above,
        "frequency_factor": frequency_factor(taken),
    }


if __name__ == "__main__":
    json.dump(recompute(sys.argv[1], int(sys.argv[2])), sys.stdout, indent=2)
    print()
