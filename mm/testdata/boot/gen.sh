#!/bin/sh
# Copies the recorded machines that ../../procfs/testdata/snapshot does not have: gen.sh [REFERENCE-DIR]
set -eu
cd "$(dirname "$0")"
for case in "${1:-../../../../shared/reference}"/boot-*; do
	name=$(basename "$case")
	if [ ! -d "../../procfs/testdata/snapshot/$name-before" ]; then
		rm -rf "$name-before"
		cp -r "$case/result/before" "$name-before"
	fi
done
chmod -R u+w .
