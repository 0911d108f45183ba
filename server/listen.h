/* listen: bound sockets for the loops of one server.
 * Thread: main. */
#ifndef LAGNIAPPE_SERVER_LISTEN_H
#define LAGNIAPPE_SERVER_LISTEN_H

#include "lagniappe/status.h"

/* Binds `count` sockets to one address; with several, the kernel spreads the
 * connections over them (SO_REUSEPORT).  host: an IPv4 or IPv6 address or a name,
 * whose first address is taken.  *port 0: any, told in *port.
 * LGP_IO: lgp_fault_detail() names the address; no socket is left open. */
LGP_MUST_USE enum lgp_status listen_bind(const char *host, uint16_t *port, int *fds,
                                         unsigned count);

#endif
