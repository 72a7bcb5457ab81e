#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: rows.py KERNEL

What make bench measures: the rows of its table, by section. As a program, lists
what the guest of a kernel is to measure.
"""

import dataclasses
import os
import sys


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    order: str              # see drivers/dma-buf/bench
    value: str = 'ns'       # which of its results
    kernel: str = 'plain'   # see scripts/bench/run
    live: int = 0           # among so many buffers
    beside: str = '-'       # while a second process does this, see guest
    over: 'Row' = None      # the figure is a multiple of that row's
    ratio: float = None     # target: no more than on the kernel's own core, times this
    most: float = None      # target: no more than this
    remark: str = ''

    def measured(self):
        return f'{self.live} {self.beside} {self.order}'


def op(*args, **more):
    """Something that must not take longer than on the kernel's own core."""
    return Row(*args, ratio=1.05, **more)


def growth(name, order):
    few = Row(name, order, live=100)
    return Row(f'{name}: 100,000 : 100', order, live=100_000, over=few, most=1.05)


def smp(name, value, **more):
    return Row(name, 'exports 300', value, kernel='smp', live=1000, **more)


# 6.12's own core pins a static importer's buffer at attach, and can keep a table.
OLD = os.environ.get('BASE') == '6.12'
FLOOR = Row('floor: a file, an inode, zeroed memory', 'floor')
WORST = smp('worst', 'worst')

SECTIONS = {
    'a buffer, ns': [
        FLOOR,
        op('export, release', 'export'),
        op('get, put', 'get'),
    ],
    'devices, ns': [
        op('attach, detach', 'attach'),
        op('map, unmap', 'map-static'),
        op('map, unmap, cached', 'map-cached', remark='' if OLD else '(no cache there)'),
        op('map, unmap, dynamic', 'map-dynamic'),
        Row('map with pin, unmap', 'map-pinned', ratio=None if OLD else 1.05,
            remark='(all of it at attach there)' if OLD else ''),
        op('a frame: get, attach, map, undo all', 'frame-static'),
        op('a frame, of an exporter that moves it', 'frame-dynamic'),
    ],
    'devices, with CONFIG_DMABUF_DEBUG, ns': [
        op('map, unmap, checked', 'map-static', kernel='debug'),
        op('a frame, checked', 'frame-static', kernel='debug'),
    ],
    'the CPU, ns': [
        op('begin, end of access', 'cpu'),
        op('vmap, vunmap', 'vmap'),
    ],
    'fences, ns': [
        op('poll, nothing pending', 'poll 0'),
        op('poll until 1 fence has signaled', 'poll 1'),
        op('poll until 16 fences have signaled', 'poll 16'),
        op('sync file out of a buffer', 'sync-export 1'),
        op('sync file into a buffer', 'sync-import 1'),
    ],
    'all buffers there are, ns': [
        op('bufinfo of 1,000 buffers', 'bufinfo', live=1000),
        op('bufinfo of 100,000 buffers', 'bufinfo', live=100_000),
        op('the file for programs, 100,000 buffers', 'buffers', live=100_000,
           remark='(bufinfo there)'),
    ],
    'an export on one of two CPUs, emulated, ns': [
        smp('alone, median', 'median'),
        smp('beside an exporter, median', 'median', beside='exporter'),
        smp('beside a reader of bufinfo, median', 'median', beside='reader'),
        smp('beside a reader of bufinfo, worst', 'worst', beside='reader'),
    ],
    'counts': [
        Row('wakeups of a poller for 256 fences', 'poll-wakeups 256', 'wakeups', most=1),
        Row('bytes of slab for a buffer and its file', 'memory', 'bytes'),
        Row('the same, checked, charged to a cgroup', 'memory', 'bytes', kernel='debug'),
        smp('dma-buf locks beside an exporter: waited for', 'waited', beside='exporter', most=0),
        smp('dma-buf locks beside an exporter: moved', 'moved', beside='exporter'),
    ],
    'multiples': [
        Row('export, release : floor', 'export', over=FLOOR, most=1.05),
        growth('export, release', 'export'),
        growth('a frame', 'frame-static'),
        smp('worst beside a reader : worst alone', 'worst', beside='reader', over=WORST, most=2),
    ],
}


def rows_of(kernel):
    """The rows that a kernel has to measure, and those they are multiples of."""
    rows = [row for section in SECTIONS.values() for row in section if row.kernel == kernel]
    return rows + [row.over for row in rows if row.over]


def main():
    rows = sorted(rows_of(sys.argv[1]), key=lambda row: row.live)
    print('\n'.join(dict.fromkeys(row.measured() for row in rows)))


if __name__ == '__main__':
    main()
