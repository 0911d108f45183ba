/* openapi: the description of the interface (OpenAPI 3.1), made from the route
 * table and the tables by which bodies are decoded.
 * Thread: main, at start. */
#ifndef LAGNIAPPE_SERVER_OPENAPI_H
#define LAGNIAPPE_SERVER_OPENAPI_H

#include "server/buf.h"

#define OPENAPI_MAX (1 << 20)

/* False: memory ran out. */
bool openapi_write(struct buf *out);

#endif
