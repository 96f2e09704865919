#!/bin/sh
# Makes boot.json: the machines recorded in the reference, and a few more that the oracle boots now.
# usage: gen.sh [SHARED-DIR]
cd "$(dirname "$0")" || exit 1
shared=${1:-../../../../shared}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
boot() { # NAME DECLARATION
	mkdir -p "$work/boot-$1"
	echo "machine { $2 }" > "$work/boot-$1/scenario.lua"
	"$shared/oracle/run" --timeout 60 "$work/boot-$1/scenario.lua" -o "$work/boot-$1/result" >&2 || exit 1
}
quarter='{ ram = "256MiB", cpus = 1 }'
boot numa-4x256m "nodes = { $quarter, $quarter, $quarter, $quarter }, thp = 'never'"
boot numa-1g-5g 'nodes = { { ram = "1GiB", cpus = 2 }, { ram = "5GiB", cpus = 1 } }, thp = "madvise"'
boot ram-96m 'ram = "96MiB", cpus = 1, thp = "never"'
boot ram-3584m 'ram = "3584MiB", cpus = 1, thp = "never"'
boot ram-3500m 'ram = "3500MiB", cpus = 3, thp = "always"'
boot i386-3g 'arch = "i386", ram = "3GiB", cpus = 2, thp = "always"'
boot i386-4g 'arch = "i386", ram = "4GiB", cpus = 1, thp = "never"'
boot i386-128m 'arch = "i386", ram = "128MiB", cpus = 1, thp = "never"'
python3 - "$shared/reference" "$work" > boot.json <<'PY'
import glob, json, os, re, sys

out = []
for d in [d for dir in sys.argv[1:] for d in sorted(glob.glob(dir + "/boot-*"))]:
    r = d + "/result/"
    j = json.load(open(r + "machine.json"))
    mach = j["declared"]["machine"]
    sysctl = {}
    for line in open(r + "before/sysctl_vm"):
        if " = " not in line:
            continue
        k, v = line.split(" = ", 1)
        sysctl[k.strip()] = v.split()
    zones = {}
    cur = None
    for line in open(r + "before/zoneinfo"):
        w = line.split()
        if line.startswith("Node"):
            cur = zones.setdefault((int(w[1].rstrip(",")), w[3]), {"node": int(w[1].rstrip(",")), "zone": w[3], "pcp": []})
        elif w[:2] == ["pages", "free"]:
            cur["free"] = int(w[2])
        elif w[0] in ("boost", "min", "low", "high", "spanned", "present", "managed", "cma"):
            cur[w[0]] = int(w[1])
        elif w[0] == "protection:":
            cur["protection"] = [int(x) for x in re.findall(r"\d+", line)]
        elif w[0] in ("count:", "high:", "batch:"):
            cur["pcp"].append(int(w[1]))
        elif line.strip().startswith("vm stats threshold"):
            cur["threshold"] = int(w[-1])
        elif w[0] == "start_pfn:":
            cur["start_pfn"] = int(w[1])
    for line in open(r + "before/pagetypeinfo"):
        m = re.match(r"Node\s+(\d+), zone\s+(\S+), type\s+(\S+)\s+(.*)", line)
        if m:
            zones[int(m[1]), m[2]].setdefault("free_blocks", {})[m[3]] = [int(x) for x in m[4].split()]
        m = re.match(r"Node (\d+), zone\s+(\S+)\s+([\d ]+)$", line)
        if m:
            zones[int(m[1]), m[2]]["block_types"] = [int(x) for x in m[3].split()]
    for z in zones.values():
        z["pcp"] = [z["pcp"][i : i + 3] for i in range(0, len(z["pcp"]), 3)]
    out.append({
        "name": os.path.basename(d),
        "arch": mach["arch"],
        "nodes": [[n["ram"], n["cpus"]] for n in mach["nodes"]],
        "thp": mach.get("thp"),
        "set": {k: v for k, v in ((s["name"], s["value"]) if isinstance(s, dict) else s for s in mach["sysctl"])} if mach["sysctl"] else {},
        "min_free_kbytes": int(sysctl["min_free_kbytes"][0]),
        "lowmem_reserve_ratio": [int(x) for x in sysctl["lowmem_reserve_ratio"]],
        "watermark_scale_factor": int(sysctl["watermark_scale_factor"][0]),
        "managed_pages": j["managed_pages"],
        "present_pages": j["present_pages"],
        "zones": list(zones.values()),
    })
print("[\n" + ",\n".join(json.dumps(c) for c in out) + "\n]")
PY
