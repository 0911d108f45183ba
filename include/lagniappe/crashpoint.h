/* crashpoint: named places at which a test build kills itself, so that every
 * step of an order over several files can be the last one.
 * Thread: any.
 * Built with -DLGP_CRASHPOINTS, the process raises SIGKILL on itself at the
 * n-th passage of the point that LAGNIAPPE_CRASH_AT names as "name:n" (n from
 * 1).  In every other build a point is nothing at all. */
#ifndef LAGNIAPPE_CRASHPOINT_H
#define LAGNIAPPE_CRASHPOINT_H

#ifdef LGP_CRASHPOINTS
void lgp_crashpoint(const char *name);
#define crashpoint(name) lgp_crashpoint(name)
#else
#define crashpoint(name) ((void)0)
#endif

#endif
