/*
 * Measures what the operations of the cost table (mm/cost.go) take on the machine it runs on, in nanoseconds.
 *
 *   gcc -O2 -o measure docs/costs/measure.c && ./measure
 *
 * Each figure is a mean over the 65,536 pages of 256 MiB, or over the number of calls named below. Transparent huge pages are kept out
 * with madvise. Run it on an idle machine, several times.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, CALLS = 100000, TRIPS = 20000, FORKS = 200 };
static const size_t bytes = 256ul << 20;
static const size_t pages = (256ul << 20) / PAGE;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static volatile char *map(void)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

static char sum;

static void reads(volatile char *a)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		sum += a[i];
}

static void writes(volatile char *a)
{
	for (size_t i = 0; i < bytes; i += PAGE)
		a[i] = 1;
}

static void report(const char *what, double since, double n)
{
	printf("%-40s %10.1f ns\n", what, (now() - since) / n);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc > 1) /* the program that Exec runs */
		return 0;

	volatile char *a = map(), *b = map();
	int there[2], back[2];
	char c = 0;
	double t;

	t = now(), reads(a), report("ZeroPageFault: read fault", t, pages);
	t = now(), writes(a), report("write fault over the zero page", t, pages);
	t = now(), reads(a), report("TouchMapped: read of a mapped page", t, pages);
	t = now(), writes(b), report("AnonFault: write fault on fresh memory", t, pages);
	t = now(), munmap((void *)b, bytes), report("UnmapPage: munmap, per page", t, pages);

	t = now();
	pid_t pid = fork();
	if (pid == 0) {
		t = now(), writes(a), report("COWFault: copy-on-write fault", t, pages);
		_exit(0);
	}
	report("ForkPage: fork, per mapped page", t, pages);
	waitpid(pid, NULL, 0);
	munmap((void *)a, bytes);

	t = now();
	for (int i = 0; i < FORKS; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	report("ForkBase + Exit: fork, exit, wait", t, FORKS);

	t = now();
	for (int i = 0; i < FORKS; i++) {
		pid = fork();
		if (pid == 0) {
			execl("/proc/self/exe", argv[0], "exec", NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
	}
	report("ForkBase + Exec + Exit: fork, exec, exit, wait", t, FORKS);

	t = now();
	for (int i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	report("Syscall: getppid", t, CALLS);

	t = now();
	for (int i = 0; i < CALLS; i++)
		munmap(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), PAGE);
	report("2 * Mmap: mmap and munmap of a page", t, CALLS);

	char *end = sbrk(0);
	t = now();
	for (int i = 0; i < CALLS; i++)
		brk(end + PAGE * (1 + (i & 1)));
	report("Brk: brk that moves the break", t, CALLS);

	if (pipe(there) || pipe(back)) {
		perror("pipe");
		return 1;
	}
	if (fork() == 0) {
		for (int i = 0; i < TRIPS && read(there[0], &c, 1) == 1; i++)
			if (write(back[1], &c, 1) != 1)
				break;
		_exit(0);
	}
	t = now();
	for (int i = 0; i < TRIPS && write(there[1], &c, 1) == 1; i++)
		if (read(back[0], &c, 1) != 1)
			break;
	report("ContextSwitch: half a round trip by pipe", t, 2.0 * TRIPS);
	wait(NULL);
	return 0;
}
