/* config: what can be set, in one table: command line, file, help and checks
 * all follow from it.
 * Thread: main, before the others start; read-only afterwards. */
#ifndef LAGNIAPPE_SERVER_CONFIG_H
#define LAGNIAPPE_SERVER_CONFIG_H

#include "lagniappe/status.h"

#include <stdio.h>

#define CONFIG_TEXT_MAX 16384 /* bytes of all texts together */

struct config {
	/* Texts lie in pool, NULL when not set. */
	const char *data, *host, *tls_cert, *tls_key, *log_level;
	uint64_t port;
	uint64_t insecure_plain, log_public; /* 0 or 1 */
	uint64_t loops;                      /* 0: one less than there are cores */
	uint64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms,
	        drain_timeout_ms;
	uint64_t queue_jobs, queue_bytes;
	uint64_t refusals_per_minute; /* of one token, on record; 0: any number */
	uint64_t log_map_bytes, state_map_bytes, overlay_bytes; /* 0: the ledger's defaults */
	uint64_t applier_rest_factor;
	size_t pool_used;
	char pool[CONFIG_TEXT_MAX];
};

#define CONFIG_ERROR_MAX 512

/* Sets the defaults, then what the arguments say, then, for what they do not
 * say, what the file of --config says.
 * False: error says what is wrong and what to do.  *help: --help was asked for. */
bool config_read(struct config *config, int argc, char **argv, bool *help,
                 char error[CONFIG_ERROR_MAX]);
void config_help(FILE *out);

#endif
