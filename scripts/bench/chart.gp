# SPDX-License-Identifier: GPL-2.0-only
#
# What make bench found, as a picture: a bar for each operation, as long as this
# core takes compared with the kernel's own, with the lowest and the highest pair.

data = folder . '/chart.dat'
set datafile separator '\t'
stats data using 1 nooutput
rows = STATS_records

set terminal png size 1100, 90 + 20 * rows font 'sans,10'
set output folder . '/bench.png'
set title "This core's time, as a multiple of the kernel's own (range: all pairs)"
set logscale x 2
set xrange [0.03125 : 4]
set yrange [-0.7 : rows - 0.3]
set xtics (0.03125, 0.0625, 0.125, 0.25, 0.5, 1, 2, 4)
set grid x
set key off
set style fill solid 0.6 noborder
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 2 linecolor rgb '#404040'
set arrow from 1.05, graph 0 to 1.05, graph 1 nohead dashtype 2 linecolor rgb '#c00000'

slower(r) = r > 1.05 ? 0xd08040 : 0x5080b0
plot data using (1):1:(1):3:($1 - 0.3):($1 + 0.3):(slower($3)):yticlabels(2) \
		with boxxyerror linecolor rgb variable, \
	data using 3:1:4:5 with xerrorbars pointtype 0 linecolor rgb '#202020'
