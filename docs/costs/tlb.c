/*
 * Measures the costs of translation in the table of costs (mm/cost.go) on the machine it runs on, in nanoseconds.
 *
 *   gcc -O2 -pthread -o tlb docs/costs/tlb.c && ./tlb
 *
 * PageWalk: dependent loads, one a page, in random order, over more pages than the TLB holds; less the same over huge pages.
 * InvalidatePage, FlushTLB: mprotect of 8 to 32 pages drops each alone, of 40 to 64 pages everything: the slopes differ by the price of dropping one,
 * and where the second line lies above what the entries alone cost says what dropping everything takes.
 * ShootdownIPI: what the same call takes more while another thread of the process runs on another CPU, and what that thread loses to each.
 *
 * The first three are the least of many rounds, the last is a median.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE = 4096, HUGE = 2 << 20, ROUNDS = 200, CALLS = 500, LOADS = 200000 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double chase(int n, int advice)
{
	char *a = mmap(NULL, (size_t)n * PAGE + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int *order = malloc(n * sizeof *order);
	double best = 1e9;

	a = (char *)(((uintptr_t)a + HUGE - 1) & ~(uintptr_t)(HUGE - 1));
	madvise(a, (size_t)n * PAGE, advice);
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int j = rand() % i, t = order[i];

		order[i] = order[j], order[j] = t;
	}
#define LINE(p) (a + (size_t)(p) * PAGE + (p) % 64 * 64)
	for (int i = 0; i < n; i++)
		*(char **)LINE(order[i]) = LINE(order[(i + 1) % n]);
	for (int r = 0; r < 30; r++) {
		char *volatile *q = (char *volatile *)LINE(order[0]);
		double t = now();

		for (int i = 0; i < LOADS; i++)
			q = (char *volatile *)*q;
		t = (now() - t) / LOADS;
		best = t < best ? t : best;
	}
	munmap(a, (size_t)n * PAGE);
	free(order);
	return best;
}

static char *mem;

static void protect(int n)
{
	mprotect(mem, (size_t)n * PAGE, PROT_READ);
	mprotect(mem, (size_t)n * PAGE, PROT_READ | PROT_WRITE);
}

static double least(int n)
{
	double best = 1e9;

	for (int r = 0; r < ROUNDS; r++) {
		double t = now();

		for (int i = 0; i < CALLS; i++)
			protect(n);
		t = (now() - t) / (2 * CALLS);
		best = t < best ? t : best;
	}
	return best;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double took[CALLS * ROUNDS], gap[CALLS * ROUNDS];
static long gaps;
static volatile long beats; /* of the other thread */
static volatile int stop;

/* The median of a call's time; with another thread, over the calls during which that ran. */
static double median(int with)
{
	long n = 0;

	for (int i = 0; i < CALLS * ROUNDS; i++) {
		long b = beats;
		double t = now(), d;

		protect(1);
		d = (now() - t) / 2;
		if (!with || beats - b > 5)
			took[n++] = d;
	}
	qsort(took, n, sizeof *took, order);
	return n ? took[n / 2] : 0;
}

static void *spin(void *arg)
{
	double last = now();

	while (!stop) {
		double t = now();

		if (t - last > 250 && gaps < CALLS * ROUNDS)
			gap[gaps++] = t - last;
		beats++;
		last = t;
	}
	qsort(gap, gaps, sizeof *gap, order);
	return arg;
}

static void pin(int cpu)
{
	cpu_set_t s;

	CPU_ZERO(&s);
	CPU_SET(cpu, &s);
	sched_setaffinity(0, sizeof s, &s);
}

int main(void)
{
	pthread_t other;
	double alone, both;

	for (int n = 512; n <= 16384; n *= 2)
		printf("loads over %5d pages: %6.2f ns, over huge pages %6.2f ns\n", n, chase(n, MADV_NOHUGEPAGE), chase(n, MADV_HUGEPAGE));

	mem = mmap(NULL, 128 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, 128 * PAGE, MADV_NOHUGEPAGE);
	for (int i = 0; i < 128; i++)
		mem[i * PAGE] = 1;
	for (int n = 8; n <= 64; n += 8)
		printf("mprotect of %2d pages: %7.1f ns\n", n, least(n));

	pin(0);
	alone = median(0);
	pin(1);
	pthread_create(&other, NULL, spin, NULL);
	pin(0);
	both = median(1);
	stop = 1;
	pthread_join(other, NULL);
	printf("mprotect of one page: %.1f ns alone, %.1f ns while another thread runs, which loses %.1f ns to each\n",
		alone, both, gaps ? gap[gaps / 2] : 0);
	return 0;
}
