/* init: a new ledger: its keys, its first entries, its first two tokens.
 * Thread: the tool's one.  Randomness from libsodium, the zone from ICU, the
 * clock from the system: the ledger itself knows none of them. */
#include "tools/lagniappe/lagniappe.h"

#include "lagniappe/codec.h"
#include "lagniappe/ledger.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#define TOKEN_PREFIX "lgp_"
#define TOKEN_BYTES 32
#define TOKEN_LEN (sizeof TOKEN_PREFIX - 1 + 2 * TOKEN_BYTES)

const struct option_row init_options[] = {
        {"data", "DIR", OPTION_REQUIRED, TAG_NONE, "where the ledger will lie; made when missing"},
        {"origin", "NAME", OPTION_REQUIRED, TAG_NONE,
         "its name for ever, for example rewards.example.com/ledger"},
        {"timezone", "ZONE", OPTION_REQUIRED, TAG_NONE,
         "the house's own, for example Europe/Paris"},
        {0},
};

struct token {
	char text[TOKEN_LEN + 1];
};

static void make_token(struct token *token, uint8_t hash[LGP_HASH_LEN])
{
	uint8_t bytes[TOKEN_BYTES];
	struct lgp_hash digest;
	randombytes_buf(bytes, sizeof bytes);
	memcpy(token->text, TOKEN_PREFIX, sizeof TOKEN_PREFIX - 1);
	lgp_hex_encode(token->text + sizeof TOKEN_PREFIX - 1, bytes, sizeof bytes);
	token->text[TOKEN_LEN] = '\0';
	lgp_hash_sha256(token->text, TOKEN_LEN, &digest);
	memcpy(hash, digest.bytes, LGP_HASH_LEN);
	sodium_memzero(bytes, sizeof bytes);
}

/* IANA's names are "Area/Place"; of those without a '/', ICU's own three
 * letters mean what nobody expects (BST is Dhaka), so UTC alone is taken. */
static bool zone_named_well(const char *zone)
{
	if (strncmp(zone, "SystemV/", 8) == 0 || strcmp(zone, "Etc/Unknown") == 0)
		return false;
	return strchr(zone, '/') != NULL || strcmp(zone, "UTC") == 0;
}

/* The local date of a moment in a zone that ICU knows by this name. */
static bool local_date(const char *zone, int64_t time_us, int32_t *days)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar name[LGP_ZONE_MAX + 1], canonical[LGP_ZONE_MAX + 1];
	UBool system_id = false;
	int32_t len;
	u_strFromUTF8(name, LGP_ZONE_MAX, &len, zone, -1, &status);
	ucal_getCanonicalTimeZoneID(name, len, canonical, LGP_ZONE_MAX, &system_id, &status);
	if (U_FAILURE(status) || !system_id || !zone_named_well(zone))
		return false;
	UCalendar *calendar = ucal_open(name, len, "en", UCAL_GREGORIAN, &status);
	int64_t time_ms = time_us / 1000;
	ucal_setMillis(calendar, (UDate)time_ms, &status);
	int64_t offset_ms = ucal_get(calendar, UCAL_ZONE_OFFSET, &status);
	offset_ms += ucal_get(calendar, UCAL_DST_OFFSET, &status);
	ucal_close(calendar);
	*days = (int32_t)((time_ms + offset_ms) / 86400000);
	return U_SUCCESS(status);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static enum outcome refuse(const char *dir, enum lgp_status status)
{
	if (status == LGP_EXISTS) {
		complain("%s; it was left as it is. Name another directory", lgp_fault_detail());
		return REFUSED;
	}
	complain("%s: %s: %s", dir, lgp_status_text(status), lgp_fault_detail());
	return TROUBLE;
}

static bool make_directory(const char *dir)
{
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return true;
	complain("%s cannot be made: %s", dir, strerror(errno));
	return false;
}

static void tell(const struct lgp_signer *signer, const struct token *admin,
                 const struct token *finance)
{
	char vkey[LGP_VKEY_MAX];
	lgp_vkey_format(&signer->public, vkey);
	printf("admin-token: %s\nfinance-token: %s\nlog-vkey: %s\n", admin->text, finance->text,
	       vkey);
	fflush(stdout);
	fputs("The tokens are shown once and stored nowhere: keep them.\n"
	      "The log-vkey verifies every receipt: give it to whoever is to check.\n",
	      stderr);
}

enum outcome init_run(struct session *session)
{
	const char *dir = options_get(&session->options, "data");
	const char *origin = options_get(&session->options, "origin");
	const char *zone = options_get(&session->options, "timezone");
	struct lgp_genesis genesis = {
	        lgp_view_of(origin), lgp_view_of(zone), now_us(), 0, {0}, {0}};
	struct lgp_keys keys;
	struct lgp_signer signer;
	struct token admin, finance;
	if (!lgp_origin_valid(genesis.origin)) {
		complain("--origin %s: it must be 1 to %d printable characters without blank or "
		         "'+', "
		         "for example rewards.example.com/ledger",
		         origin, LGP_ORIGIN_MAX);
		return TROUBLE;
	}
	if (!local_date(zone, genesis.time_us, &genesis.business_date)) {
		complain("--timezone %s: there is no such IANA time zone; one is Europe/Paris",
		         zone);
		return TROUBLE;
	}
	if (!make_directory(dir))
		return TROUBLE;
	randombytes_buf(&keys, sizeof keys);
	make_token(&admin, genesis.admin_hash);
	make_token(&finance, genesis.finance_hash);
	enum lgp_status status = lgp_signer_init(&signer, genesis.origin, keys.signing_seed);
	if (status == LGP_OK)
		status = lgp_create(dir, &keys, &genesis);
	lgp_keys_wipe(&keys);
	sodium_memzero(&signer.secret, sizeof signer.secret);
	if (status != LGP_OK)
		return refuse(dir, status);
	tell(&signer, &admin, &finance);
	return DONE;
}
