#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: report.py RAW OUT

Make one table of what make bench measured (see rows.py). RAW has the results of
each boot. The table is printed and written to OUT, as bench.txt and bench.csv.
"""

import csv
import pathlib
import statistics
import sys

from rows import SECTIONS

CORES = 'base', 'ours'
LAYOUT = '{:46}{:>10}{:>10}  {:>10}{:>10}  {:>6}{:>6}  {:>14}  {}'


def read_boot(path):
    """All values of each result, by what was measured and the result's name."""
    found = {}
    for line in path.read_text(errors='replace').splitlines():
        field = line.rstrip('\r').split('|')
        if len(field) == 3:
            found.setdefault((field[0], field[1]), []).append(float(field[2]))
    return found


def value_of(boot, row):
    """One figure for a boot. Of several times the lowest is the one that nothing
    else on this machine added to; of other figures the median."""
    values = boot.get((row.measured(), row.value))
    if not values:
        sys.exit(f'{row.name}: not measured')
    value = min(values) if row.value == 'ns' else statistics.median(values)
    return value / value_of(boot, row.over) if row.over else value


def number(value):
    """Three digits or more, as far as they are worth something."""
    if value >= 1e6:
        return f'{value / 1e6:,.2f} M'
    if value >= 1000 or value == int(value):
        return f'{value:,.0f}'
    return f'{value:.3g}' if value < 10 else f'{value:.1f}'


def ratio_of(ours, base):
    return ours / base if base else None


def ratio_text(value):
    return '-' if value is None else f'{value:.2f}'


class Report:
    def __init__(self, raw):
        self.raw = raw
        self.boots = {}
        self.lines = []
        self.records = []
        self.met = 0
        self.missed = []

    def boots_of(self, kernel, core):
        """Of all pairs, in their order."""
        if (kernel, core) not in self.boots:
            count = len(list(self.raw.glob(f'{kernel}-{core}-*')))
            self.boots[kernel, core] = [read_boot(self.raw / f'{kernel}-{core}-{pair}')
                                        for pair in range(1, count + 1)]
        return self.boots[kernel, core]

    def judge(self, row, ratio, ours):
        """The mark of a row: that it misses its target, or its remark."""
        if row.ratio is None and row.most is None:
            return row.remark
        if ratio <= row.ratio if row.most is None else ours <= row.most:
            self.met += 1
            return row.remark
        self.missed.append(row.name)
        return 'MISSED'

    def add(self, section, row):
        base, ours = ([value_of(boot, row) for boot in self.boots_of(row.kernel, core)]
                      for core in CORES)
        ratios = [ratio_of(o, b) for o, b in zip(ours, base)]
        ratio = None if None in ratios else statistics.median(ratios)
        figures = [statistics.median(base), min(base), statistics.median(ours), min(ours)]
        of_ratio = [ratio, ratio_of(min(ours), min(base))]
        mark = self.judge(row, ratio, figures[2])
        span = '-' if ratio is None else f'{min(ratios):.2f} .. {max(ratios):.2f}'
        self.lines.append(LAYOUT.format(f'  {row.name}', *map(number, figures),
                                        *map(ratio_text, of_ratio), span, mark).rstrip())
        self.records.append([section, row.name, *(f'{f:.6g}' for f in figures),
                             *map(ratio_text, of_ratio), span, mark])

    def make(self):
        self.lines += (self.raw / 'about').read_text().splitlines()
        for section, rows in SECTIONS.items():
            self.lines += ['', LAYOUT.format(section, 'own core', 'lowest', 'this core', 'lowest',
                                             'ratio', 'lows', 'all pairs', '').rstrip()]
            for row in rows:
                self.add(section, row)
        missed = f', missed: {"; ".join(self.missed)}' if self.missed else ''
        self.lines += ['', f'{self.met} of {self.met + len(self.missed)} targets met{missed}']

    def write(self, out):
        text = '\n'.join(self.lines) + '\n'
        (out / 'bench.txt').write_text(text)
        with open(out / 'bench.csv', 'w', newline='') as file:
            table = csv.writer(file, lineterminator='\n')
            table.writerow(['section', 'row', 'own core', 'lowest', 'this core', 'lowest',
                            'ratio', 'ratio of lowest', 'ratios of all pairs', 'mark'])
            table.writerows(self.records)
        print(text, end='')


report = Report(pathlib.Path(sys.argv[1]))
report.make()
report.write(pathlib.Path(sys.argv[2]))
