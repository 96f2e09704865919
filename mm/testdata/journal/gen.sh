#!/bin/sh
# Records steps.csv on a real kernel: gen.sh ORACLE, with the oracle's program run.
set -eu
cd "$(dirname "$0")"
out=$(mktemp -d)
"$1" steps.lua -o "$out"
python3 steps.py "$out" >steps.csv
rm -r "$out"
