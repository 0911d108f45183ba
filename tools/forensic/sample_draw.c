/* sample_draw: the mathematics of sample.h.  Thread: one at a time.
 * Sources: FIPS 180-4; systematic selection with probability in proportion to size. */
#include "tools/forensic/sample.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lagniappe/hash.h"
#include "tools/audit/slots.h"

__extension__ typedef unsigned __int128 wide;

bool drawer_init(struct drawer *drawer, const char *seed)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789._-";
	size_t len = strlen(seed);
	*drawer = (struct drawer){0};
	if (len == 0 || len > SAMPLE_SEED_MAX || strspn(seed, allowed) != len)
		return false;
	memcpy(drawer->seed, seed, len);
	return true;
}

uint64_t drawer_number(struct drawer *drawer)
{
	char text[SAMPLE_SEED_MAX + 48];
	struct lgp_hash hash;
	uint64_t number = 0;
	int len = snprintf(text, sizeof text, "lagniappe-sample:%s:%" PRIu64, drawer->seed,
	                   drawer->next++);
	require(len > 0 && (size_t)len < sizeof text);
	lgp_hash_sha256(text, (size_t)len, &hash);
	for (unsigned i = 0; i < 8; i++)
		number = number << 8 | hash.bytes[i];
	return number;
}

uint64_t drawer_below(struct drawer *drawer, uint64_t bound)
{
	require(bound != 0);
	/* Of 2^64 numbers the last 2^64 mod bound would make the first ones likelier. */
	uint64_t uneven = (UINT64_MAX % bound + 1) % bound, number;
	do
		number = drawer_number(drawer);
	while (number > UINT64_MAX - uneven);
	return number % bound;
}

/* ---- monetary units ------------------------------------------------------------------------ */

void mus_init(struct mus *mus, uint64_t book, uint64_t size, uint64_t start)
{
	require(size >= 1 && size <= book && start < book);
	*mus = (struct mus){.book = book, .size = size, .start = start};
}

static uint64_t hit_unit(const struct mus *mus, uint64_t k)
{
	return (uint64_t)(((wide)k * mus->book + mus->start) / mus->size);
}

uint64_t mus_hits(struct mus *mus, uint64_t amount)
{
	uint64_t before = mus->hits;
	require(amount <= mus->book - mus->walked);
	mus->walked += amount;
	while (mus->hits < mus->size && hit_unit(mus, mus->hits) < mus->walked)
		mus->hits++;
	return mus->hits - before;
}

bool mus_whole(const struct mus *mus, uint64_t amount)
{
	return (wide)amount * mus->size >= mus->book;
}

/* ---- attributes ------------------------------------------------------------------------------ */

enum lgp_status attribute_draw(struct drawer *drawer, uint64_t population, size_t size,
                               uint64_t *out)
{
	struct slots drawn;
	require(size <= population && size <= SAMPLE_SIZE_MAX);
	enum lgp_status status = slots_init(&drawn);
	for (size_t count = 0; count < size && status == LGP_OK;) {
		uint64_t number = drawer_below(drawer, population);
		struct slot *slot = slots_put(&drawn, number + 1, 0);
		if (slot == NULL) {
			status = lgp_fault(LGP_NO_MEMORY, "no memory for the sample");
		} else if (slot->number == 0) {
			slot->number = 1;
			out[count++] = number;
		}
	}
	slots_deinit(&drawn);
	return status;
}
