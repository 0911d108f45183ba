/* http_reply: the functions that http.h gives to handlers; see there.
 * Thread: loop. */
#ifndef LAGNIAPPE_SERVER_HTTP_REPLY_H
#define LAGNIAPPE_SERVER_HTTP_REPLY_H

#include "server/http.h"

#define HTTP_PROBLEM_TYPE "application/problem+json"

#endif
