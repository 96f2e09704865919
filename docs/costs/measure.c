#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static double now(){struct timespec t;clock_gettime(CLOCK_MONOTONIC,&t);return t.tv_sec*1e9+t.tv_nsec;}
int main(){
 size_t n=256<<20,pg=n/4096; double t;
 volatile char*a=mmap(0,n,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); madvise((void*)a,n,MADV_NOHUGEPAGE);
 char s=0;
 t=now();for(size_t i=0;i<n;i+=4096)s+=a[i];printf("read fault zero page %.0f ns\n",(now()-t)/pg);
 t=now();for(size_t i=0;i<n;i+=4096)a[i]=1;printf("write over zero page %.0f ns\n",(now()-t)/pg);
 t=now();for(int k=0;k<5;k++)for(size_t i=0;i<n;i+=4096)s+=a[i];printf("read mapped %.1f ns\n",(now()-t)/pg/5);
 t=now();for(int k=0;k<5;k++)for(size_t i=0;i<n;i+=4096)a[i]=2;printf("write mapped %.1f ns\n",(now()-t)/pg/5);
 unsigned long x=1;t=now();for(size_t i=0;i<pg;i++){x=x*6364136223846793005UL+1442695040888963407UL;s+=a[(x>>33)%pg*4096];}printf("random read %.1f ns\n",(now()-t)/pg);
 volatile char*b=mmap(0,n,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0); madvise((void*)b,n,MADV_NOHUGEPAGE);
 t=now();for(size_t i=0;i<n;i+=4096)b[i]=1;printf("write fault fresh %.0f ns\n",(now()-t)/pg);
 t=now();munmap((void*)b,n);printf("munmap per page %.0f ns\n",(now()-t)/pg);
 t=now();int p=fork();if(!p){t=now();for(size_t i=0;i<n;i+=4096)a[i]=3;printf("cow %.0f ns\n",(now()-t)/pg);fflush(stdout);_exit(0);}
 printf("fork %zu pages %.0f ns total, %.1f a page\n",pg,now()-t,(now()-t)/pg);waitpid(p,0,0);
 munmap((void*)a,n);
 t=now();for(int i=0;i<200;i++){p=fork();if(!p)_exit(0);waitpid(p,0,0);}printf("fork+exit+wait small %.0f ns\n",(now()-t)/200);
 t=now();for(int i=0;i<1000000;i++)syscall(SYS_getppid);printf("getppid %.1f ns\n",(now()-t)/1e6);
 t=now();for(int i=0;i<100000;i++){void*q=mmap(0,4096,3,MAP_PRIVATE|MAP_ANONYMOUS,-1,0);munmap(q,4096);}printf("mmap+munmap %.1f ns\n",(now()-t)/1e5);
 void*br=sbrk(0);t=now();for(int i=0;i<100000;i++){brk((char*)br+4096*(1+(i&1)));}printf("brk %.1f ns\n",(now()-t)/1e5);
 t=now();for(int i=0;i<100000;i++)sched_yield();printf("yield %.1f ns\n",(now()-t)/1e5);
 int fd[2],gd[2];pipe(fd);pipe(gd);if(!fork()){char c;for(int i=0;i<20000;i++){read(fd[0],&c,1);write(gd[1],&c,1);}_exit(0);}char c=0;t=now();for(int i=0;i<20000;i++){write(fd[1],&c,1);read(gd[0],&c,1);}printf("pipe roundtrip/2 (switch+wake) %.0f ns\n",(now()-t)/40000);
 return s==99;}
