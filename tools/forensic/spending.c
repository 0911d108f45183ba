/* spending: see spending.h.  Thread: one at a time.
 *
 * Names stand behind each other in one block of text; a table of open addressing
 * finds them by a hash under a key drawn for the run, so that no file can be made
 * to collide. */
#include "tools/forensic/spending.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define ROWS_FIRST 1024
#define NAMES_FIRST 256            /* slots; a power of two */
#define NAMES_MAX (1u << 28)       /* names in all */
#define TEXT_FIRST 4096            /* bytes */
#define TEXT_MAX ((size_t)1 << 32) /* bytes of all names */

struct name {
	size_t at; /* in the text */
	uint32_t len;
	uint32_t hash;
};

struct names {
	struct name *list; /* owned; [0] is the empty name */
	size_t count, room;
	uint32_t *slots; /* owned; numbers of names, 0 empty */
	size_t mask;     /* slots less one */
	char *text;      /* owned; each name is followed by a NUL */
	size_t used, size;
	uint8_t key[crypto_shorthash_KEYBYTES];
};

static void names_free(struct names *names)
{
	if (names == NULL)
		return;
	free(names->list);
	free(names->slots);
	free(names->text);
	free(names);
}

static struct names *names_new(void)
{
	struct names *names = calloc(1, sizeof *names);
	if (names == NULL)
		return NULL;
	*names = (struct names){
	        .list = calloc(NAMES_FIRST, sizeof *names->list),
	        .count = 1,
	        .room = NAMES_FIRST,
	        .slots = calloc(NAMES_FIRST, sizeof *names->slots),
	        .mask = NAMES_FIRST - 1,
	        .text = calloc(TEXT_FIRST, 1),
	        .used = 1, /* the empty name's NUL */
	        .size = TEXT_FIRST,
	};
	/* A key of zeros would be no worse than none. */
	if (getrandom(names->key, sizeof names->key, 0) < 0)
		memset(names->key, 0, sizeof names->key);
	if (names->list == NULL || names->slots == NULL || names->text == NULL) {
		names_free(names);
		return NULL;
	}
	return names;
}

static uint32_t hash_name(const struct names *names, struct lgp_view name)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t out;
	crypto_shorthash(hash, (const unsigned char *)name.ptr, name.len, names->key);
	memcpy(&out, hash, sizeof out);
	return out;
}

/* The slot of the name, or the empty one where it would stand. */
static uint32_t *find_slot(const struct names *names, struct lgp_view name, uint32_t hash)
{
	for (size_t i = hash & names->mask;; i = (i + 1) & names->mask) {
		const struct name *known = &names->list[names->slots[i]];
		if (names->slots[i] == 0 ||
		    (known->hash == hash && known->len == name.len &&
		     memcmp(names->text + known->at, name.ptr, name.len) == 0))
			return &names->slots[i];
	}
}

/* Twice as many slots; the names' hashes are kept, so no text is read. */
static bool grow_slots(struct names *names)
{
	size_t mask = names->mask * 2 + 1;
	uint32_t *slots = calloc(mask + 1, sizeof *slots);
	if (slots == NULL)
		return false;
	for (uint32_t number = 1; number < names->count; number++) {
		size_t i = names->list[number].hash & mask;
		while (slots[i] != 0)
			i = (i + 1) & mask;
		slots[i] = number;
	}
	free(names->slots);
	names->slots = slots;
	names->mask = mask;
	return true;
}

static bool grow_list(struct names *names)
{
	struct name *list = reallocarray(names->list, names->room * 2, sizeof *list);
	if (list == NULL)
		return false;
	names->list = list;
	names->room *= 2;
	return true;
}

static bool grow_text(struct names *names, size_t needed)
{
	size_t size = names->size;
	while (size - names->used < needed)
		size *= 2;
	char *text = size > TEXT_MAX ? NULL : realloc(names->text, size);
	if (text == NULL)
		return false;
	names->text = text;
	names->size = size;
	return true;
}

static bool make_room(struct names *names, size_t len)
{
	if (names->count == NAMES_MAX || len >= TEXT_MAX)
		return false;
	if (names->count == names->room && !grow_list(names))
		return false;
	/* Half full at most. */
	if (names->count * 2 > names->mask && !grow_slots(names))
		return false;
	return names->size - names->used > len || grow_text(names, len + 1);
}

uint32_t spendings_name(struct spendings *spendings, struct lgp_view name)
{
	struct names *names = spendings->names;
	if (name.len == 0)
		return 0;
	uint32_t hash = hash_name(names, name);
	uint32_t *slot = find_slot(names, name, hash);
	if (*slot != 0)
		return *slot;
	if (!make_room(names, name.len)) {
		spendings->failed = true;
		return 0;
	}
	uint32_t number = (uint32_t)names->count++;
	names->list[number] = (struct name){names->used, (uint32_t)name.len, hash};
	memcpy(names->text + names->used, name.ptr, name.len);
	names->used += name.len;
	names->text[names->used++] = '\0';
	*find_slot(names, name, hash) = number;
	return number;
}

const char *spendings_text(const struct spendings *spendings, uint32_t name)
{
	require(name < spendings->names->count);
	return spendings->names->text + spendings->names->list[name].at;
}

enum lgp_status spendings_init(struct spendings *spendings, const char *ref_word)
{
	*spendings = (struct spendings){.ref_word = ref_word, .room = ROWS_FIRST};
	spendings->rows = calloc(ROWS_FIRST, sizeof *spendings->rows);
	spendings->names = names_new();
	if (spendings->rows != NULL && spendings->names != NULL)
		return LGP_OK;
	spendings_deinit(spendings);
	return lgp_fault(LGP_NO_MEMORY, "no memory for rows of spending");
}

void spendings_deinit(struct spendings *spendings)
{
	free(spendings->rows);
	names_free(spendings->names);
	spendings->rows = NULL;
	spendings->names = NULL;
	spendings->count = spendings->room = 0;
}

enum lgp_status spendings_add(struct spendings *spendings, const struct spending *row)
{
	if (spendings->count == SPENDING_ROWS_MAX)
		return lgp_fault(LGP_OVERLOAD, "more than %u rows of spending", SPENDING_ROWS_MAX);
	if (spendings->count == spendings->room) {
		size_t room = spendings->room * 2;
		struct spending *rows = reallocarray(spendings->rows, room, sizeof *rows);
		spendings->failed |= rows == NULL;
		if (rows != NULL) {
			spendings->rows = rows;
			spendings->room = room;
		}
	}
	if (spendings->failed)
		return lgp_fault(LGP_NO_MEMORY, "no memory after %zu rows of spending",
		                 spendings->count);
	spendings->rows[spendings->count++] = *row;
	return LGP_OK;
}
