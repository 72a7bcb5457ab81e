#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: report.py RAW LISTS OUT

Make one table of what make bench measured. RAW has the results of each boot,
LISTS the files that say what was measured. The table is printed and written to
OUT as bench.txt and bench.csv, and what the chart shows as chart.dat.
"""

import csv
import pathlib
import re
import statistics
import sys

SLOWER = 1.05       # no operation may take longer than on the other core, times this
ABOVE_FLOOR = 1.05  # nor an export than a bare file and the memory, times this
GROWTH = 1.05       # nor any among many buffers than among few, times this
WORST = 2           # nor the worst export beside a reader than without, times this

CPUS = 1, 2, 4      # see smp-init.c

SECTIONS = {
    'export': 'a buffer',
    'devices': 'devices',
    'CPU': 'the CPU',
    'fences': 'fences',
    'everybody': 'all buffers there are',
    'checks': 'devices, with CONFIG_DMABUF_DEBUG',
    'wakeups': 'wakeups',
    'memory': 'memory',
}


class Results:
    """What all boots of one kind of kernel found, on either core."""

    def __init__(self, raw, name):
        self.found = {}
        self.locks = {}
        self.pairs = len(list(raw.glob(f'{name}-ours-*')))
        for core in ('base', 'ours'):
            for pair in range(1, self.pairs + 1):
                self.read(raw / f'{name}-{core}-{pair}', core, pair)

    def read(self, path, core, pair):
        for line in path.read_text(errors='replace').splitlines():
            field = line.rstrip('\r').split('|')
            if field[0] == 'lock' and len(field) == 3:
                self.locks.setdefault((core, pair, field[1]), []).append(field[2])
            elif len(field) == 4:
                key = (core, pair, field[0], field[1], field[2])
                self.found.setdefault(key, []).append(float(field[3]))

    def unit(self, setting, order):
        for key in self.found:
            if key[2:4] == (setting, order):
                return key[4]
        sys.exit(f'{order}: no result')

    def values(self, core, setting, order, unit):
        """One value for each boot. Of several times the lowest is the one that
        nothing else on this machine added to; of other figures the median."""
        got = [self.found.get((core, pair, setting, order, unit))
               for pair in range(1, self.pairs + 1)]
        best = min if unit == 'ns' else statistics.median
        return [best(v) for v in got] if all(got) else []


class Report:
    def __init__(self):
        self.lines = []
        self.rows = []
        self.met = 0
        self.missed = []

    def say(self, text=''):
        self.lines.append(text.rstrip())

    def head(self, title, *columns):
        self.say()
        self.say(f'{title:42}' + ''.join(f'{c:>{11 if i == 0 else 13}}' for i, c in enumerate(columns)))

    def judge(self, name, is_met, word):
        """The word that marks a row which misses its target."""
        if is_met:
            self.met += 1
            return ''
        self.missed.append(name)
        return word

    def record(self, section, name, unit, base, ours, ratios, word):
        spread = ratios and (statistics.median(ratios), min(ratios), max(ratios))
        base, ours = ('' if v is None else f'{v:.6g}' for v in (base, ours))
        self.rows.append([section, name, unit, base, ours,
                          *(f'{r:.3f}' for r in spread or ()),
                          *([''] * (0 if spread else 3)), word])


def number(value):
    """Three digits or more, as far as they are worth something."""
    if value is None:
        return '-'
    for suffix, unit in ((' G', 1e9), (' M', 1e6)):
        if value >= unit:
            return f'{value / unit:,.2f}{suffix}'
    if value >= 1000 or value == int(value):
        return f'{value:,.0f}'
    return f'{value:.3g}' if value < 10 else f'{value:.1f}'


def ratios_of(ours, base):
    return [o / b for o, b in zip(ours, base)] if all(base) else []


def spread(ratios):
    if not ratios:
        return f'{"-":>7}'
    low, high = min(ratios), max(ratios)
    return f'{statistics.median(ratios):7.2f}  {low:6.2f} ..{high:6.2f}'


def middle(values):
    return statistics.median(values) if values else None


def compare(report, section, name, unit, base, ours, limit=None, remark=''):
    """A row: what either core takes, and how they compare."""
    if not ours:
        sys.exit(f'{name}: not measured on this core')
    ratios = ratios_of(ours, base)
    mark = ''
    if ratios and limit:
        mark = report.judge(name, middle(ratios) <= limit, 'SLOWER')
    report.say(f'  {name:42}{number(middle(base)):>11}{number(middle(ours)):>13}'
               f'{spread(ratios):25} {mark or remark}')
    report.record(section, name, unit, middle(base), middle(ours), ratios, mark)


def read_list(path):
    """The rows of a file of operations: how many live, order, section, name,
    and why the cores cannot be compared in it, if they cannot."""
    rows = []
    for line in path.read_text().splitlines():
        if '|' not in line or line.startswith('#'):
            continue
        fields = [f.strip() for f in line.split('|')]
        rows += [(count, *fields[1:], '')[:5] for count in fields[0].split()]
    return rows


def operations(report, results, rows, sections):
    for section in sections:
        of_it = [r for r in rows if r[2] == section]
        unit = results.unit(*of_it[0][:2])
        report.head(f'{SECTIONS[section]}, {unit}', 'own core', 'this core',
                    'ratio', 'min .. max')
        for live, order, _, name, remark in of_it:
            base = results.values('base', live, order, unit)
            ours = results.values('ours', live, order, unit)
            is_cost = section != 'memory' and not order.startswith('floor') and not remark
            compare(report, section, name, unit, base, ours, SLOWER if is_cost else None,
                    remark)


def own_targets(report, results):
    report.head('what is to be reached', 'own core', 'this core', '', 'min .. max')
    name = 'export, release : floor with memory'
    above = {}
    for core in ('base', 'ours'):
        above[core] = ratios_of(results.values(core, '0', 'export', 'ns'),
                                results.values(core, '0', 'floor-alloc', 'ns'))
    mark = report.judge(name, middle(above['ours']) <= ABOVE_FLOOR, 'ABOVE')
    report.say(f'  {name:42}{middle(above["base"]):11.2f}{middle(above["ours"]):13.2f}'
               f'{"":7}  {min(above["ours"]):6.2f} ..{max(above["ours"]):6.2f} {mark}')
    report.record('targets', name, 'ratio', middle(above['base']), middle(above['ours']),
                  above['ours'], mark)

    name = 'wakeups for 256 fences'
    woken = [middle(results.values(core, '0', 'poll-wakeups 256', 'wakeups'))
             for core in ('base', 'ours')]
    mark = report.judge(name, woken[1] == 1, 'MORE')
    report.say(f'  {name:42}{number(woken[0]):>11}{number(woken[1]):>13}{"":25} {mark}')
    report.record('targets', name, 'wakeups', *woken, [], mark)


def growth(report, results, rows):
    of_it = [r for r in rows if r[2] == 'growth']
    counts = sorted({r[0] for r in of_it}, key=int)
    report.head('this core, ns among so many buffers', *(f'{int(c):,}' for c in counts),
                'last : first', 'min .. max')
    for order, name in dict.fromkeys((r[1], r[3]) for r in of_it):
        ours = [results.values('ours', c, order, 'ns') for c in counts]
        ratios = ratios_of(ours[-1], ours[0])
        mark = report.judge(f'{name}: among {int(counts[-1]):,}',
                            middle(ratios) <= GROWTH, 'GROWS')
        report.say(f'  {name:42}' + ''.join(f'{number(middle(o)):>{11 if i == 0 else 13}}'
                                        for i, o in enumerate(ours)) +
                   f'{spread(ratios):25} {mark}')
        for count, values in zip(counts, ours):
            base = results.values('base', count, order, 'ns')
            report.record('growth', f'{name}: among {int(count):,}', 'ns', middle(base),
                          middle(values), ratios_of(values, ours[0]), '')
        report.rows[-1][-1] = mark


def lock_classes(lines):
    """Of each class of locks: how often somebody waited for one, and how often
    one was taken that another CPU had had last."""
    classes = {}
    for line in lines:
        name, _, figures = line.rpartition(': ')
        fields = figures.split()
        if len(fields) == 12:
            classes[name.strip()] = int(fields[1]), int(fields[6])
    if not classes:
        sys.exit('the kernel has no lock statistics')
    return classes


def processors(report, results, locks):
    report.head('several processors, emulated', 'own core', 'this core', 'ratio', 'min .. max')
    for count in CPUS:
        values = [results.values(core, 'alone', f'threads {count}', 'per-second')
                  for core in ('base', 'ours')]
        compare(report, 'processors', f'exports a second on {count}', 'per second', *values)
    for count in CPUS[1:]:
        contention(report, results, locks, count)


def contention(report, results, locks, count):
    """What exports on so many processors have to do with each other."""
    own, rest = {}, {}
    for core in ('base', 'ours'):
        exports = results.values(core, 'alone', f'threads {count}', 'exports')
        for pair, done in enumerate(exports, 1):
            classes = lock_classes(results.locks.get((core, pair, f'threads {count}'), []))
            for sums, names in ((own, set(classes) & locks[core]),
                                (rest, set(classes) - locks[core])):
                sums.setdefault(core, []).append(
                    [sum(classes[n][i] for n in names) / done for i in (0, 1)])
    for sums, i, what, judged in (
            (own, 0, 'dma-buf locks waited for, an export', True),
            (own, 1, 'dma-buf locks another CPU had had', False),
            (rest, 0, 'other locks waited for, an export', False),
            (rest, 1, 'other locks another CPU had had', False)):
        name = f'on {count}: {what}'
        base, ours = ([values[i] for values in sums[core]] for core in ('base', 'ours'))
        mark = report.judge(name, not any(ours), 'WAITS') if judged else ''
        report.say(f'  {name:42}{middle(base):11.4f}{middle(ours):13.4f}{"":25} {mark}')
        report.record('processors', name, 'an export', middle(base), middle(ours), [], mark)


def latency(report, results):
    report.head('one export, on two processors, ns', 'own core', 'this core', 'ratio',
                'min .. max')
    order = 'latency 300'
    for setting, title in (('alone', 'alone'), ('reader', 'beside a reader')):
        for unit in ('median', 'p99', 'worst'):
            values = [results.values(core, setting, order, unit)
                      for core in ('base', 'ours')]
            compare(report, 'latency', f'{title}, {unit}', 'ns', *values)
    name = 'worst beside a reader : worst alone'
    both = [ratios_of(results.values(core, 'reader', order, 'worst'),
                      results.values(core, 'alone', order, 'worst'))
            for core in ('base', 'ours')]
    mark = report.judge(name, middle(both[1]) <= WORST, 'DELAYED')
    report.say(f'  {name:42}{middle(both[0]):11.2f}{middle(both[1]):13.2f}{"":25} {mark}')
    report.record('latency', name, 'ratio', middle(both[0]), middle(both[1]), both[1], mark)


def write_files(report, out):
    (out / 'bench.txt').write_text('\n'.join(report.lines) + '\n')
    with open(out / 'bench.csv', 'w', newline='') as file:
        table = csv.writer(file, lineterminator='\n')
        table.writerow(['section', 'operation', 'unit', 'own core', 'this core',
                        'ratio', 'lowest ratio', 'highest ratio', 'missed'])
        table.writerows(report.rows)
    shown = [r for r in report.rows
             if r[2] == 'ns' and r[5] and r[0] in SECTIONS]
    with open(out / 'chart.dat', 'w') as file:
        for place, row in enumerate(reversed(shown)):
            file.write(f'{place}\t{row[1]}\t{row[5]}\t{row[6]}\t{row[7]}\n')


def main():
    raw, lists, out = (pathlib.Path(a) for a in sys.argv[1:4])
    report = Report()
    for line in (raw / 'about').read_text().splitlines():
        report.say('{:10}{}'.format(*line.split('|', 1)))

    plain, debug, smp = (Results(raw, name) for name in ('plain', 'debug', 'smp'))
    rows = read_list(lists / 'operations')
    own = [s for s in SECTIONS if any(r[2] == s for r in rows)]
    timed = [s for s in own if s not in ('wakeups', 'memory')]
    operations(report, plain, rows, timed)
    operations(report, debug, read_list(lists / 'operations-debug'), ['checks'])
    operations(report, plain, rows, ['wakeups', 'memory'])
    growth(report, plain, rows)
    own_targets(report, plain)
    locks = {core: set((raw / f'locks-{core}').read_text().splitlines())
             for core in ('base', 'ours')}
    processors(report, smp, locks)
    latency(report, Results(raw, 'latency'))

    report.say()
    report.say(f'{report.met} of {report.met + len(report.missed)} targets met' +
               (', missed: ' + '; '.join(report.missed) if report.missed else ''))
    print('\n'.join(report.lines))
    write_files(report, out)


main()
