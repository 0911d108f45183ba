/* programme: staff's tokens and customers' ids.
 * Thread: the generator's one. */
#include "tools/bench/programme.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES 256
#define MADE_UP_CUSTOMERS 1000

void programme_deinit(struct programme *programme)
{
	free(programme->tokens);
	free(programme->customers);
	*programme = (struct programme){0};
}

/* Room for one more element; *room doubles up to max. */
static bool grow(void **array, size_t *room, size_t count, size_t max, size_t size)
{
	if (count < *room)
		return true;
	size_t more = *room == 0 ? 64 : *room * 2;
	void *grown = count < max ? realloc(*array, more * size) : NULL;
	if (grown == NULL)
		return false;
	*array = grown;
	*room = more;
	return true;
}

bool programme_add_token(struct programme *programme, struct lgp_view token)
{
	void *tokens = programme->tokens;
	if (token.len == 0 || token.len > TOKEN_MAX ||
	    !grow(&tokens, &programme->token_room, programme->token_count, TOKENS_MAX,
	          sizeof *programme->tokens))
		return false;
	programme->tokens = tokens;
	memcpy(programme->tokens[programme->token_count], token.ptr, token.len);
	programme->tokens[programme->token_count++][token.len] = '\0';
	return true;
}

bool programme_add_customer(struct programme *programme, struct lgp_view id)
{
	void *customers = programme->customers;
	if (id.len != LGP_CUSTOMER_ID_LEN ||
	    !grow(&customers, &programme->customer_room, programme->customer_count, CUSTOMERS_MAX,
	          sizeof *programme->customers))
		return false;
	programme->customers = customers;
	memcpy(programme->customers[programme->customer_count++], id.ptr, id.len);
	return true;
}

bool programme_make_up(struct programme *programme)
{
	char text[LGP_CUSTOMER_ID_LEN + 1];
	bool good = programme->token_count > 0 ||
	            programme_add_token(programme, LGP_VIEW("lgp_00000000000000000000000000000000"
	                                                    "00000000000000000000000000000000"));
	for (unsigned i = 0; i < MADE_UP_CUSTOMERS && good; i++) {
		snprintf(text, sizeof text, "c-%026u", i);
		good = programme_add_customer(programme,
		                              (struct lgp_view){text, LGP_CUSTOMER_ID_LEN});
	}
	return good;
}

/* ---- the file ------------------------------------------------------------------------ */

static bool read_line(struct programme *programme, const char *line)
{
	static const char token[] = "token ", customer[] = "customer ";
	if (strncmp(line, token, sizeof token - 1) == 0)
		return programme_add_token(programme, lgp_view_of(line + sizeof token - 1));
	return strncmp(line, customer, sizeof customer - 1) == 0 &&
	       programme_add_customer(programme, lgp_view_of(line + sizeof customer - 1));
}

bool programme_read(struct programme *programme, const char *path, char error[ERROR_MAX])
{
	char line[LINE_BYTES];
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		snprintf(error, ERROR_MAX, "%s: %s", path, strerror(errno));
		return false;
	}
	unsigned number = 0;
	bool good = true;
	while (good && fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\r\n")] = '\0';
		number++;
		good = read_line(programme, line);
	}
	if (!good)
		snprintf(error, ERROR_MAX,
		         "%s, line %u: a line is \"token T\" or \"customer ID\", at most %d and %d "
		         "of them",
		         path, number, TOKENS_MAX, CUSTOMERS_MAX);
	fclose(file);
	return good;
}

bool programme_write(const struct programme *programme, const char *path, char error[ERROR_MAX])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool good = file != NULL;
	for (size_t i = 0; i < programme->token_count && good; i++)
		good = fprintf(file, "token %s\n", programme->tokens[i]) > 0;
	for (size_t i = 0; i < programme->customer_count && good; i++)
		good = fprintf(file, "customer %.*s\n", LGP_CUSTOMER_ID_LEN,
		               programme->customers[i]) > 0;
	if (file != NULL)
		good = fclose(file) == 0 && good;
	else if (fd >= 0)
		close(fd);
	if (!good)
		snprintf(error, ERROR_MAX, "%s: %s", path, strerror(errno));
	return good;
}
