/* cpu: the CPU time that the generator and the server took (getrusage(2), proc(5)).
 * Thread: any. */
#ifndef LAGNIAPPE_BENCH_CPU_H
#define LAGNIAPPE_BENCH_CPU_H

/* Seconds, user and system. */
double cpu_own(void);
/* Of another process on this machine; NAN when it cannot be known, or pid is 0. */
double cpu_of(long pid);

#endif
