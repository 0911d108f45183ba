"""Tells what is in a workbook, a cell a line, for test_audit_sheet to compare."""
import sys

import openpyxl


def told(cell):
    """The cell's value, type and looks."""
    words = [cell.coordinate, cell.data_type, ascii(cell.value), cell.number_format]
    if cell.font.b:
        words.append("bold")
    if cell.alignment.horizontal == "right":
        words.append("right")
    return " ".join(words)


def reference(chart):
    """What the chart draws over what, and where it stands."""
    series = chart.series[0]
    labels = series.cat.strRef or series.cat.numRef
    return f"{type(chart).__name__} {series.val.numRef.f} over {labels.f} at {chart.anchor._from.col}"


def title(chart):
    return "".join(run.t for run in chart.title.tx.rich.p[0].r)


def main(path):
    book = openpyxl.load_workbook(path)
    print("made", book.properties.created, ascii(book.properties.title))
    for sheet in book.worksheets:
        print(f"\nsheet {ascii(sheet.title)} frozen {sheet.freeze_panes} filter"
              f" {sheet.auto_filter.ref} repeats {sheet.print_title_rows}")
        for chart in sheet._charts:
            print("chart", ascii(title(chart)), reference(chart))
        for merged in sorted(map(str, sheet.merged_cells.ranges)):
            print("merged", merged)
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None or cell.font.b:
                    print(told(cell))


main(sys.argv[1])
