#!/bin/sh
# Makes the folders beside this script again:
#
#   snapshot/   a few of the snapshots of the reference set, one of each kind of machine
#   process/    what two kernels print of a process, recorded by running process/scenario.lua on them (about 10 s each)
#   linux-6.18/ files of a newer kernel, copied from the /proc of the machine this was written on, and not made again here
#
# usage: gen.sh SHARED, where SHARED holds reference/ and oracle/.
set -eu
shared=$(cd "${1:?usage: gen.sh SHARED}" && pwd)
cd "$(dirname "$0")"

rm -rf snapshot
for case in boot-ram-128m/before boot-ram-1g/before boot-ram-8g/before boot-i386-512m/before boot-i386-2g/before \
	boot-numa-2x2g/before boot-cpus-4/before boot-swap-list/before boot-lowmem-reserve/before swap-seq-2cpu/after oom-order/after \
	zram-fill-1.5x/after memcg-max-swap/after; do
	to=snapshot/$(echo "$case" | tr / -)
	mkdir -p "$to"
	cp "$shared/reference/${case%/*}/result/${case#*/}"/* "$to"
done
chmod -R u+w snapshot

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for arch in x86_64 i386; do
	cp process/scenario.lua "$work/scenario.lua"
	"$shared/oracle/run" "$work/scenario.lua" --set arch=$arch -o "$work/$arch"
	rm -rf "process/$arch"
	python3 - "$work/$arch/observations.csv" "process/$arch" <<'PY'
import csv, os, sys
text = {}
with open(sys.argv[1], newline="") as f:
    for row in csv.DictReader(f):
        text[row["name"]] = text.get(row["name"], "") + row["value"]
for name, value in text.items():
    path = os.path.join(sys.argv[2], name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as f:
        f.write(value)
PY
done
