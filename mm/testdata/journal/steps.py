"""Usage: steps.py RUN: the observations of a run of steps.lua, a line a step."""
import csv
import sys

rows = {}
for r in csv.DictReader(open(sys.argv[1] + "/observations.csv")):
    step, figure = r["name"].split("/")
    rows.setdefault(step, {})[figure] = int(float(r["value"]))
figures = ["Buffers", "Dirty", "nr_dirtied", "nr_written", "pgpgout"]
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["step", *figures])
for step, r in rows.items():
    out.writerow([step, *(r[f] for f in figures)])
