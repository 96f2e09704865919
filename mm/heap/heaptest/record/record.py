#!/usr/bin/env python3
"""Records a run of a real allocator for the tests: record.py RECORDER LIBRARY KIND SEED STEPS > run.txt. See README.md."""
import os, re, subprocess, sys, tempfile

recorder, library, kind, seed, steps = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
with open(recorder, "rb") as f:
    narrow = f.read(5)[4] == 1  # a program of 32 bits
x = seed * 7919 % 2147483646 + 1


def rnd(n):
    global x
    x = x * 16807 % 2147483647
    return x * n // 2147483647


for _ in range(10):
    rnd(2)

# Kinds of sizes, and the mixtures of them that phases of 100 calls are made of.
kinds = [(0, 130), (0, 1100), (16, 119), (900, 5000), (1000, 20000), (14000, 140000), (100000, 600000), (130000, 3000000), (2 << 20, 12 << 20), (8 << 20, (16 if narrow else 64) << 20)]
mixes = {
    "small": [[0, 1, 2], [2], [0, 1, 2, 2, 3], [1, 3]],
    "mixed": [[0, 1, 2], [0, 1, 2, 2, 3], [2], [0, 3, 4, 4], [1, 4, 5], [0, 1, 2, 3, 4, 5, 6], [0, 5, 6, 7], [1, 3, 3, 7, 8]],
    "bulk": [[0], [1], [2], [3], [4], [0, 1, 3]],
    "strict": [[0, 1, 2, 3], [1, 4, 5], [0, 5, 6, 7], [6, 7, 8], [3, 5, 6, 7, 8, 9]],
    "large": [[4, 5], [5, 6, 7], [6, 7, 8], [7, 8, 9], [3, 4, 5, 6, 7, 8, 9]],
}[kind]
live, calls = {}, []  # slot -> bytes


def size():
    lo, hi = kinds[mix[rnd(len(mix))]]
    return lo + rnd(hi - lo)


def free_slot():
    s = len(live) // 2 + 1 if kind == "bulk" else 1
    while s in live:
        s += 1
    return s


while kind == "bulk" and len(calls) < steps:  # many at once, then most of them free in some order
    mix, order = mixes[rnd(len(mixes))], rnd(3)
    for _ in range(50 + rnd(min(steps // 4, 40 << 20 >> 8 * (mix[0] == 4)))):
        s, n = free_slot(), size()
        live[s] = n
        calls.append("malloc %d %d" % (s, n))
    keys = sorted(live, reverse=order == 1)
    while len(keys) > rnd(30):
        s = keys.pop(rnd(len(keys)) if order == 2 else -1)
        calls.append("free %d" % s)
        del live[s]
    calls.append("sleep %d" % (1, 300, 3000)[rnd(3)])
for step in range(0 if kind == "bulk" else steps):
    if step % 100 == 0:
        mix, most, bias, order = mixes[rnd(len(mixes))], 10 + rnd(600 if kind == "small" else 150), 25 + rnd(45), rnd(3)
    keys = sorted(live)
    r = rnd(1000)
    if r < 25:
        calls.append("sleep %d" % (1, 20, 60, 300, 1500, 6000, 11000)[rnd(7)])
    elif keys and r < 70:
        s = keys[rnd(len(keys))]
        if live[s] < 8 << 20:
            calls.append("touch %d" % s)
    elif keys and (rnd(100) > bias or len(keys) > most):
        s = keys[(rnd(len(keys)), 0, len(keys) - 1)[order]]
        if rnd(100) < 20:
            n = size() + 1
            calls.append("realloc %d %d" % (s, n))
            live[s] = n
        else:
            calls.append("free %d" % s)
            del live[s]
    else:
        s, n, how = free_slot(), size(), rnd(100)
        if how < 12:
            calls.append("calloc %d %d" % (s, n))
        elif how < 22:
            calls.append("memalign %d %d %d" % (s, 1 << (3 + rnd(14)), n))
        else:
            calls.append("malloc %d %d" % (s, n))
        live[s] = n
for s in sorted(live):
    calls.append("free %d" % s)
for ms in (1, 2000, 5000, 11000):
    calls.append("sleep %d" % ms)
    for n in (10, 100, 40000, 2000000):
        calls += ["malloc 1 %d" % n, "free 1"] * 3

work = tempfile.mkdtemp()


def path(name):
    return os.path.join(work, name)


with open(path("calls"), "w") as f:
    f.write("\n".join(calls) + "\n")
env = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
env |= {"LC_ALL": "C", "SCUDO_OPTIONS": "GWP_ASAN_Enabled=false", "GLIBC_TUNABLES": "glibc.rtld.optional_static_tls=65536"}


if kind == "strict":
    with open(path("two"), "w") as f:
        f.write("2\n")
    env["RECORD_OVERCOMMIT"] = path("two")


def run(*extra, pre=()):
    subprocess.run(["setarch", "-R", *pre, recorder, library, path("calls"), path("out"), *extra], env=env, check=True)
    with open(path("out")) as f:
        return [line.split() for line in f]


def strace():
    args = ["strace", "-o", path("trace"), "-e", "trace=arch_prctl,set_thread_area,brk,mmap,mmap2,munmap,mremap,madvise,mprotect,write", "-s", "20", "-e", "signal=none"]
    return run(path("none"), pre=args)


open(path("none"), "w").close()
first = strace()
groups, step, state, brk, ranges, start, thread = {}, None, False, 0, [], 0, 0


def num(s):
    return int(s, 0)


for line in open(path("trace")):
    m = re.match(r'write\(-1, "@(-?\d*)"', line)
    if m:
        if m.group(1) == "":
            state = False
        else:
            step, state = int(m.group(1)), True
            groups[step] = []
            if step == -1:
                start = brk
        continue
    m = re.match(r"(\w+)\((.*)\)\s+= (\S+)", line)
    if not m:
        continue
    name, args, res = m.group(1), m.group(2).split(", "), m.group(3)
    if name == "arch_prctl" and args[0] == "ARCH_SET_FS":
        thread = num(args[1])
        continue
    m = re.search(r"base_addr=(0x\w+)", line)
    if name == "set_thread_area" and m:
        thread = num(m.group(1))
        continue
    if name == "brk":
        old, brk = brk, num(res)
        if step == -1 and not groups[step] and brk - old in (135168, 4096):
            start = brk  # the loader's own malloc
        elif state and brk != old:
            groups[step].append("brk %d" % (brk - old))
            if brk > old:
                ranges.append((old, brk))
        continue
    if not state:
        continue
    if name in ("mmap", "mmap2"):
        if num(args[4]) != -1 and step == -1:
            continue
        fixed = "MAP_FIXED" in args[3]
        if step == -1 and fixed and not any(a <= num(args[0]) < b for a, b in ranges):
            continue  # the loader's
        n = num(args[1])
        flags = ("n" if "PROT_NONE" in args[2] else "w") + ("f" if fixed else "") + ("r" if "NORESERVE" in args[3] else "")
        if res == "-1":
            groups[step].append("mmap %s %d %s none" % (args[0] if args[0] != "NULL" else "0", n, flags))
            continue
        groups[step].append("mmap %s %d %s %s" % (args[0] if args[0] != "NULL" else "0", n, flags, res))
        ranges.append((num(res), num(res) + n))
    elif name in ("munmap", "mprotect", "madvise", "mremap"):
        a = num(args[0])
        if not any(lo <= a < hi for lo, hi in ranges):
            continue
        if name == "munmap":
            groups[step].append("munmap %#x %s" % (a, args[1]))
        elif name == "mprotect":
            groups[step].append("mprotect %#x %s %s" % (a, args[1], "n" if args[2] == "PROT_NONE" else "w"))
        elif name == "madvise":
            groups[step].append("madvise %#x %s %s" % (a, args[1], args[2].replace("MADV_", "")))
        else:
            groups[step].append("mremap %#x %s %s %s" % (a, args[1], args[2], res))
            ranges.append((num(res), num(res) + num(args[2])))
# The union of what was ever mapped, to count resident pages in.
union = []
for a, b in sorted(ranges):
    if union and a <= union[-1][1]:
        union[-1][1] = max(union[-1][1], b)
    else:
        union.append([a, b])
with open(path("ranges"), "w") as f:
    f.write("".join("%x %x\n" % (a, b) for a, b in union))
second = run(path("ranges"))
# Strictly the same run twice, or it is not worth anything.
same = [a[:2] for a in first] == [a[:2] for a in second]
if not same:
    print("the two runs differ", file=sys.stderr)
    sys.exit(1)
print("start %#x %#x" % (start, thread))
print("load;;" + ";".join(groups[-1]))
for i, call in enumerate(calls):
    print("%s;%s;%s" % (call, " ".join(second[i]), ";".join(groups[i])))
