// Makes the calls that it reads from a file on an allocator that it loads, and writes down what each one did.
//
// Usage: record LIBRARY CALLS RESULTS [RANGES]. LIBRARY is loaded by itself, so that nobody else has asked it for memory before. Before
// every call a marker "@N" is written to descriptor -1, which strace shows between the allocator's own system calls. RESULTS has a line for
// each call: "pointer usable resident", resident being the pages that are present in the writable parts of RANGES (lines "start end", in
// hexadecimal), without the kernel's page of zeros. The allocator's clock is ours: it moves by the calls "sleep MILLISECONDS" alone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static uint64_t now = 1000000000000ull; // nanoseconds

int clock_gettime(clockid_t c, struct timespec *t) {
	(void)c;
	t->tv_sec = now / 1000000000, t->tv_nsec = now % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict z) {
	(void)z;
	t->tv_sec = now / 1000000000, t->tv_usec = now % 1000000000 / 1000;
	return 0;
}

// A file to be read for vm.overcommit_memory, or none.
static char *strict;

static long (*libc_syscall)(long, ...);

// Randomness that a library asks the kernel for is always the same.
long syscall(long n, ...) {
	va_list v;
	long a[6];
	va_start(v, n);
	for (int i = 0; i < 6; i++) a[i] = va_arg(v, long);
	va_end(v);
	if (n == SYS_getrandom) {
		for (long i = 0; i < a[1]; i++) ((unsigned char *)a[0])[i] = "\x91\xf4\x45\x25"[i % 4];
		return a[1];
	}
	if (strict && n == SYS_openat && !strcmp((char *)a[1], "/proc/sys/vm/overcommit_memory")) a[1] = (long)strict;
	if (strict && n == SYS_open && !strcmp((char *)a[0], "/proc/sys/vm/overcommit_memory")) a[0] = (long)strict;
	return libc_syscall(n, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#define SLOTS 100000
static void *live[SLOTS];
static char calls[1 << 23], line[256], maps[1 << 22];
static uint64_t entries[1 << 15], from[1 << 16], to[1 << 16], zero;
static int nranges, pagemap, mapsfd, out;

static void load(const char *file, char *buf, size_t size) {
	int fd = open(file, O_RDONLY);
	size_t n = 0;
	ssize_t k;
	if (fd < 0) _exit(3);
	while ((k = read(fd, buf + n, size - 1 - n)) > 0) n += k;
	buf[n] = 0;
	close(fd);
}

static uint64_t count(uint64_t a, uint64_t b) {
	uint64_t n = 0;
	for (a >>= 12, b >>= 12; a < b;) {
		uint64_t k = b - a < 1 << 15 ? b - a : 1 << 15;
		if (pread(pagemap, entries, k * 8, a * 8) != (ssize_t)(k * 8)) _exit(4);
		for (uint64_t i = 0; i < k; i++) n += entries[i] >> 63 && (entries[i] & ((1ull << 55) - 1)) != zero;
		a += k;
	}
	return n;
}

static uint64_t resident(void) {
	uint64_t n = 0;
	size_t len = 0;
	ssize_t k;
	if (nranges == 0) return 0;
	lseek(mapsfd, 0, SEEK_SET);
	while ((k = read(mapsfd, maps + len, sizeof maps - 1 - len)) > 0) len += k;
	maps[len] = 0;
	for (char *p = maps; *p; p++) {
		uint64_t a = strtoull(p, &p, 16), b = strtoull(p + 1, &p, 16);
		if (p[2] == 'w')
			for (int i = 0; i < nranges; i++) {
				uint64_t lo = a > from[i] ? a : from[i], hi = b < to[i] ? b : to[i];
				if (lo < hi) n += count(lo, hi);
			}
		while (*p != '\n') p++;
	}
	return n;
}

static void say(const char *s, int n) {
	if (write(out, s, n) != n) _exit(5);
}

int main(int argc, char **argv) {
	if (argc < 4) return 2;
	libc_syscall = dlsym(RTLD_NEXT, "syscall");
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	strict = getenv("RECORD_OVERCOMMIT");
	load(argv[2], calls, sizeof calls);
	out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	pagemap = open("/proc/self/pagemap", O_RDONLY);
	mapsfd = open("/proc/self/maps", O_RDONLY);
	volatile char *z = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)*z;
	if (pread(pagemap, &zero, 8, (uintptr_t)z >> 12 << 3) != 8) return 4;
	zero &= (1ull << 55) - 1;
	if (argc > 4) {
		load(argv[4], maps, sizeof maps);
		for (char *p = maps; *p; p++) from[nranges] = strtoull(p, &p, 16), to[nranges++] = strtoull(p, &p, 16);
	}
	(void)!write(-1, "@-1", 3);
	void *h = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (!h) {
		fputs(dlerror(), stderr);
		return 6;
	}
	void *(*f_malloc)(size_t) = dlsym(h, "malloc");
	void *(*f_calloc)(size_t, size_t) = dlsym(h, "calloc");
	void *(*f_realloc)(void *, size_t) = dlsym(h, "realloc");
	void *(*f_memalign)(size_t, size_t) = dlsym(h, "memalign");
	void (*f_free)(void *) = dlsym(h, "free");
	size_t (*f_usable)(void *) = dlsym(h, "malloc_usable_size");
	char *p = calls;
	for (int step = 0; *p; step++) {
		int n = snprintf(line, sizeof line, "@%d", step);
		(void)!write(-1, line, n);
		char *op = p;
		while (*p != ' ') p++;
		*p++ = 0;
		uint64_t a[3] = {0};
		for (int i = 0; i < 3 && *p != '\n'; i++) a[i] = strtoull(p, &p, 10);
		p++;
		void *r = 0;
		int block = 1;
		if (!strcmp(op, "malloc")) r = f_malloc(a[1]);
		else if (!strcmp(op, "calloc")) r = f_calloc(a[1], 1);
		else if (!strcmp(op, "memalign")) r = f_memalign(a[1], a[2]);
		else if (!strcmp(op, "realloc")) {
			r = f_realloc(live[a[0]], a[1]);
			if (!r && a[1]) block = 0;
		} else {
			block = 0;
			if (!strcmp(op, "free")) f_free(live[a[0]]), live[a[0]] = 0;
			else if (!strcmp(op, "touch")) memset(live[a[0]], 1, f_usable(live[a[0]]));
			else if (!strcmp(op, "sleep")) now += a[0] * 1000000;
		}
		if (block) live[a[0]] = r;
		(void)!write(-1, "@", 1);
		n = snprintf(line, sizeof line, "%lx %zu %llu\n", (unsigned long)r, block && r ? f_usable(r) : 0, (unsigned long long)resident());
		say(line, n);
	}
	_exit(0);
}
