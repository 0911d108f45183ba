/* pointers: linear probing, at most half full.  Thread: see pointers.h. */
#include "pointers.h"

#include <stdlib.h>

#define TABLE_MIN 16

struct pointers_slot {
	uint64_t number;
	void *pointer; /* NULL: empty */
};

struct pointers {
	struct pointers_slot *table;
	size_t mask, count; /* mask: its size less 1, a power of two */
};

struct pointers *pointers_new(void)
{
	struct pointers *pointers = calloc(1, sizeof *pointers);
	if (pointers == NULL)
		return NULL;
	pointers->mask = TABLE_MIN - 1;
	pointers->table = calloc(TABLE_MIN, sizeof *pointers->table);
	if (pointers->table == NULL) {
		free(pointers);
		return NULL;
	}
	return pointers;
}

void pointers_free(struct pointers *pointers)
{
	if (pointers == NULL)
		return;
	free(pointers->table);
	free(pointers);
}

/* Entries' numbers, which grow: neighbours must not crowd each other. */
static struct pointers_slot *find(const struct pointers *pointers, uint64_t number)
{
	uint64_t hash = number * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (size_t)(hash ^ hash >> 32) & pointers->mask;
	while (pointers->table[at].pointer != NULL && pointers->table[at].number != number)
		at = (at + 1) & pointers->mask;
	return &pointers->table[at];
}

void *pointers_get(const struct pointers *pointers, uint64_t number)
{
	return find(pointers, number)->pointer;
}

static bool grow(struct pointers *pointers)
{
	struct pointers old = *pointers;
	pointers->mask = 2 * old.mask + 1;
	pointers->table = calloc(pointers->mask + 1, sizeof *pointers->table);
	if (pointers->table == NULL) {
		*pointers = old;
		return false;
	}
	for (size_t i = 0; i <= old.mask; i++)
		if (old.table[i].pointer != NULL)
			*find(pointers, old.table[i].number) = old.table[i];
	free(old.table);
	return true;
}

bool pointers_put(struct pointers *pointers, uint64_t number, void *pointer)
{
	require(pointer != NULL);
	if (2 * pointers->count > pointers->mask && !grow(pointers))
		return false;
	struct pointers_slot *slot = find(pointers, number);
	pointers->count += slot->pointer == NULL;
	*slot = (struct pointers_slot){number, pointer};
	return true;
}

void pointers_each(const struct pointers *pointers, void (*act)(void *pointer))
{
	for (size_t i = 0; i <= pointers->mask; i++)
		if (pointers->table[i].pointer != NULL)
			act(pointers->table[i].pointer);
}
