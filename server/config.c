/* config: what can be set, in one table.
 * Thread: main. */
#include "server/config.h"

#include "lagniappe/codec.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum type { TEXT, NUMBER, SWITCH, LISTEN };

#define SETTINGS_MAX 32
#define LINE_MAX_BYTES 4096

struct setting {
	const char *name; /* in the file; with "--" before it on the command line */
	enum type type;
	size_t offset; /* in struct config */
	uint64_t min, max, otherwise;
	const char *text_otherwise, *unit, *help;
};

#define AT(field) offsetof(struct config, field)
static const struct setting settings[] = {
        {"data", TEXT, AT(data), 0, 0, 0, NULL, "DIR",
         "the data directory, made by `lagniappe init`"},
        {"listen", LISTEN, AT(host), 0, 65535, 8080, "127.0.0.1", "HOST:PORT",
         "where to listen; port 0 takes any"},
        {"tls-cert", TEXT, AT(tls_cert), 0, 0, 0, NULL, "PEM",
         "certificate chain; with --tls-key, serves TLS 1.3"},
        {"tls-key", TEXT, AT(tls_key), 0, 0, 0, NULL, "PEM", "the certificate's private key"},
        {"insecure-plain", SWITCH, AT(insecure_plain), 0, 1, 0, NULL, "",
         "plain HTTP beyond loopback: tokens can be read on the way"},
        {"log-public", SWITCH, AT(log_public), 0, 1, 0, NULL, "",
         "checkpoint and tiles need no token"},
        {"log-level", TEXT, AT(log_level), 0, 0, 0, "info", "LEVEL", "debug, info, warn or error"},
        {"loops", NUMBER, AT(loops), 0, 256, 0, NULL, "threads", "network threads; 0: one a core"},
        {"header-timeout", NUMBER, AT(header_timeout_ms), 100, 600000, 10000, NULL, "ms",
         "for a request's headers"},
        {"body-timeout", NUMBER, AT(body_timeout_ms), 100, 3600000, 30000, NULL, "ms",
         "for a request's body"},
        {"idle-timeout", NUMBER, AT(idle_timeout_ms), 100, 3600000, 75000, NULL, "ms",
         "between two requests"},
        {"write-timeout", NUMBER, AT(write_timeout_ms), 100, 3600000, 30000, NULL, "ms",
         "for a client to take its answer"},
        {"drain-timeout", NUMBER, AT(drain_timeout_ms), 0, 600000, 10000, NULL, "ms",
         "at stop, for what is under way"},
        {"queue-jobs", NUMBER, AT(queue_jobs), 1, 1000000, 8192, NULL, "requests",
         "waiting for the ledger; more are answered 503"},
        {"queue-bytes", NUMBER, AT(queue_bytes), 1 << 20, UINT64_C(1) << 40, 48 << 20, NULL,
         "bytes", "held by those requests"},
        {"refusals-per-minute", NUMBER, AT(refusals_per_minute), 0, 1000000, 100, NULL, "refusals",
         "of one person or till, on record; more are answered 429; 0: any number"},
        {"log-map", NUMBER, AT(log_map_bytes), 0, UINT64_C(1) << 46, 0, NULL, "bytes",
         "bound of ledger.mdb; 0: 256 GiB"},
        {"state-map", NUMBER, AT(state_map_bytes), 0, UINT64_C(1) << 46, 0, NULL, "bytes",
         "bound of state.mdb; 0: 64 GiB"},
        {"overlay", NUMBER, AT(overlay_bytes), 0, UINT64_C(1) << 36, 0, NULL, "bytes",
         "changed state in memory; 0: a quarter of state.mdb, 12 to 48 MiB"},
        {"applier-rest", NUMBER, AT(applier_rest_factor), 0, 1000, 9, NULL, "factor",
         "after work that took t, the applier rests this many t"},
};
#define SETTING_COUNT (sizeof settings / sizeof settings[0])
static_assert(SETTING_COUNT <= SETTINGS_MAX, "settings");

static uint64_t *number_at(struct config *config, size_t offset)
{
	return (uint64_t *)(void *)((char *)config + offset);
}

static const char **text_at(struct config *config, size_t offset)
{
	return (const char **)(void *)((char *)config + offset);
}

static bool set_text(struct config *config, const char **text, const char *value, size_t len)
{
	if (len >= sizeof config->pool - config->pool_used)
		return false;
	char *copy = config->pool + config->pool_used;
	memcpy(copy, value, len);
	copy[len] = '\0';
	config->pool_used += len + 1;
	*text = copy;
	return true;
}

static const struct setting *setting_named(const char *name, size_t len)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (strlen(settings[i].name) == len && memcmp(settings[i].name, name, len) == 0)
			return &settings[i];
	return NULL;
}

/* "host:port", "[::1]:port". */
static bool set_listen(struct config *config, const char *value)
{
	const char *colon = strrchr(value, ':');
	uint64_t port;
	if (colon == NULL || colon == value ||
	    lgp_decimal_parse(lgp_view_of(colon + 1), &port) != LGP_OK || port > 65535)
		return false;
	size_t len = (size_t)(colon - value);
	bool bracketed = value[0] == '[' && value[len - 1] == ']';
	if (!bracketed && memchr(value, ':', len) != NULL)
		return false;
	config->port = port;
	return set_text(config, &config->host, bracketed ? value + 1 : value,
	                bracketed ? len - 2 : len);
}

static bool set(struct config *config, const struct setting *setting, const char *value,
                char error[CONFIG_ERROR_MAX])
{
	uint64_t number;
	switch (setting->type) {
	case TEXT:
		if (value[0] != '\0' &&
		    set_text(config, text_at(config, setting->offset), value, strlen(value)))
			return true;
		(void)snprintf(error, CONFIG_ERROR_MAX, "%s needs a value (%s)", setting->name,
		               setting->unit);
		return false;
	case LISTEN:
		if (set_listen(config, value))
			return true;
		(void)snprintf(
		        error, CONFIG_ERROR_MAX,
		        "listen takes HOST:PORT, for example 127.0.0.1:8080 or [::1]:8080, not "
		        "\"%.100s\"",
		        value);
		return false;
	case SWITCH:
	case NUMBER:
		break;
	}
	if (lgp_decimal_parse(lgp_view_of(value), &number) != LGP_OK || number < setting->min ||
	    number > setting->max) {
		(void)snprintf(error, CONFIG_ERROR_MAX,
		               "%s takes a number from %llu to %llu, not \"%.100s\"", setting->name,
		               (unsigned long long)setting->min, (unsigned long long)setting->max,
		               value);
		return false;
	}
	*number_at(config, setting->offset) = number;
	return true;
}

static bool set_defaults(struct config *config)
{
	*config = (struct config){0};
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		const char *text = setting->text_otherwise;
		if (setting->type == NUMBER || setting->type == SWITCH)
			*number_at(config, setting->offset) = setting->otherwise;
		else if (text != NULL &&
		         !set_text(config, text_at(config, setting->offset), text, strlen(text)))
			return false;
	}
	config->port = 8080;
	return true;
}

/* ---- the file: "name = value" lines, '#' begins a comment --------------------- */

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

static bool read_line(struct config *config, char *line, const bool said[SETTINGS_MAX],
                      char error[CONFIG_ERROR_MAX])
{
	char *text = trim(line), *equals = strchr(text, '=');
	if (text[0] == '\0' || text[0] == '#')
		return true;
	if (equals == NULL) {
		(void)snprintf(error, CONFIG_ERROR_MAX, "a line is `name = value`, not \"%.100s\"",
		               text);
		return false;
	}
	*equals = '\0';
	char *name = trim(text);
	const struct setting *setting = setting_named(name, strlen(name));
	if (setting == NULL) {
		(void)snprintf(error, CONFIG_ERROR_MAX,
		               "there is no setting \"%.100s\"; see --help", name);
		return false;
	}
	return said[setting - settings] || set(config, setting, trim(equals + 1), error);
}

static bool read_file(struct config *config, const char *path, const bool said[SETTINGS_MAX],
                      char error[CONFIG_ERROR_MAX])
{
	char line[LINE_MAX_BYTES], reason[CONFIG_ERROR_MAX / 2] = "";
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		(void)snprintf(error, CONFIG_ERROR_MAX, "the file %.200s cannot be read: %s", path,
		               strerror(errno));
		return false;
	}
	bool good = true;
	unsigned number = 0;
	while (good && fgets(line, sizeof line, file) != NULL) {
		char full[CONFIG_ERROR_MAX] = "";
		number++;
		good = read_line(config, line, said, full);
		memcpy(reason, full, sizeof reason - 1);
	}
	(void)fclose(file);
	if (!good)
		(void)snprintf(error, CONFIG_ERROR_MAX, "%.200s, line %u: %s", path, number,
		               reason);
	return good;
}

/* ---- the command line ------------------------------------------------------------ */

/* Takes argument i, and its value where it has one. */
static bool read_argument(struct config *config, int argc, char **argv, int *i, const char **file,
                          bool said[SETTINGS_MAX], char error[CONFIG_ERROR_MAX])
{
	const char *name = argv[*i];
	bool config_file = strcmp(name, "--config") == 0;
	const struct setting *setting =
	        strncmp(name, "--", 2) == 0 ? setting_named(name + 2, strlen(name + 2)) : NULL;
	if (setting == NULL && !config_file) {
		(void)snprintf(error, CONFIG_ERROR_MAX, "there is no option \"%.100s\"; see --help",
		               name);
		return false;
	}
	if (setting != NULL && setting->type == SWITCH) {
		said[setting - settings] = true;
		return set(config, setting, "1", error);
	}
	if (*i + 1 >= argc) {
		(void)snprintf(error, CONFIG_ERROR_MAX, "%s needs a value; see --help", name);
		return false;
	}
	const char *value = argv[++*i];
	if (config_file) {
		*file = value;
		return true;
	}
	said[setting - settings] = true;
	return set(config, setting, value, error);
}

bool config_read(struct config *config, int argc, char **argv, bool *help,
                 char error[CONFIG_ERROR_MAX])
{
	bool said[SETTINGS_MAX] = {false};
	const char *file = NULL;
	*help = false;
	if (!set_defaults(config)) {
		(void)snprintf(error, CONFIG_ERROR_MAX, "the defaults do not fit");
		return false;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			*help = true;
			return true;
		}
		if (!read_argument(config, argc, argv, &i, &file, said, error))
			return false;
	}
	if (file != NULL && !read_file(config, file, said, error))
		return false;
	if (config->data == NULL)
		(void)snprintf(error, CONFIG_ERROR_MAX,
		               "--data DIR is needed: a directory made by `lagniappe init`");
	else if ((config->tls_cert == NULL) != (config->tls_key == NULL))
		(void)snprintf(error, CONFIG_ERROR_MAX, "--tls-cert and --tls-key go together");
	else
		return true;
	return false;
}

void config_help(FILE *out)
{
	(void)fprintf(out, "usage: lagniapped --data DIR [--listen HOST:PORT] [OPTION]...\n"
	                   "Serves a ledger that `lagniappe init` made.\n\n");
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings[i];
		char left[64];
		(void)snprintf(left, sizeof left, "--%s %s", setting->name, setting->unit);
		(void)fprintf(out, "  %-26s %s", left, setting->help);
		if (setting->type == NUMBER)
			(void)fprintf(out, " (%llu to %llu, default %llu)",
			              (unsigned long long)setting->min,
			              (unsigned long long)setting->max,
			              (unsigned long long)setting->otherwise);
		else if (setting->type == LISTEN)
			(void)fprintf(out, " (default 127.0.0.1:8080)");
		(void)fputc('\n', out);
	}
	(void)fprintf(out,
	              "  %-26s a file of `name = value` lines, names as above\n\n"
	              "exit: 0 stopped as asked, 1 could not start, 2 wrong usage,\n"
	              "      70 stopped by a fault: start again, the ledger looks after itself\n",
	              "--config FILE");
}
