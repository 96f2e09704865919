#!/bin/sh
# Makes boot.json from the recorded machines: gen.sh [REFERENCE-DIR]
cd "$(dirname "$0")" || exit 1
exec python3 - "${1:-../../../../shared/reference}" > boot.json <<'PY'
import glob, json, os, re, sys

out = []
for d in sorted(glob.glob(sys.argv[1] + "/boot-*")):
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
