/* roll: see roll.h.  Thread: one at a time. */
#include "tools/audit/roll.h"

#include <stdlib.h>

#include "tools/audit/large.h"

#define WORD_BITS 64
#define PAGE_WORDS 64
#define PAGE_NUMBERS (PAGE_WORDS * WORD_BITS)
#define BLOCK_PARTIES 65536 /* 2 MiB, a large page */

struct page {
	uint64_t first;               /* its first number */
	uint64_t before;              /* parties before this page */
	uint64_t bits[PAGE_WORDS];    /* of the numbers that are there */
	uint16_t in_page[PAGE_WORDS]; /* parties of the page before the word */
};

enum lgp_status roll_init(struct roll *roll)
{
	*roll = (struct roll){0};
	return slots_init(&roll->pages);
}

void roll_deinit(struct roll *roll)
{
	for (size_t i = 0; i < roll->block_count; i++)
		large_free(roll->block[i], BLOCK_PARTIES * sizeof(struct party));
	free(roll->block);
	free(roll->page);
	slots_deinit(&roll->pages);
}

/* ---- where one stands ---------------------------------------------------------------------- */

static struct page *page_of(const struct roll *roll, uint64_t number)
{
	const struct slot *slot = slots_find(&roll->pages, number / PAGE_NUMBERS + 1, 0);
	return slot != NULL ? &roll->page[slot->number] : NULL;
}

static struct party *at_place(const struct roll *roll, uint64_t place)
{
	return &roll->block[place / BLOCK_PARTIES][place % BLOCK_PARTIES];
}

struct party *roll_find(const struct roll *roll, uint64_t number)
{
	const struct page *page = page_of(roll, number);
	unsigned word = number / WORD_BITS % PAGE_WORDS;
	uint64_t bit = UINT64_C(1) << number % WORD_BITS;
	if (page == NULL || (page->bits[word] & bit) == 0)
		return NULL;
	unsigned in_word = (unsigned)__builtin_popcountll(page->bits[word] & (bit - 1));
	return at_place(roll, page->before + page->in_page[word] + in_word);
}

void roll_prefetch(const struct roll *roll, uint64_t number)
{
	const struct party *party = roll_find(roll, number);
	if (party != NULL)
		__builtin_prefetch(party, 1);
}

/* ---- opening ---------------------------------------------------------------------------------- */

/* The list with room for one more: at each power of two there is none left.  NULL: no
 * memory. */
static void *with_room(void *list, size_t count, size_t size)
{
	return (count & (count - 1)) != 0 ? list
	                                  : realloc(list, (count == 0 ? 1 : count * 2) * size);
}

static struct page *add_page(struct roll *roll, uint64_t number)
{
	struct page *more = with_room(roll->page, roll->page_count, sizeof *more);
	if (more == NULL)
		return NULL;
	roll->page = more;
	struct slot *slot = slots_put(&roll->pages, number / PAGE_NUMBERS + 1, 0);
	if (slot == NULL)
		return NULL;
	slot->number = roll->page_count;
	more[roll->page_count] =
	        (struct page){.first = number - number % PAGE_NUMBERS, .before = roll->count};
	return &more[roll->page_count++];
}

static bool add_block(struct roll *roll)
{
	struct party **more = with_room(roll->block, roll->block_count, sizeof(struct party *));
	if (more == NULL)
		return false;
	roll->block = more;
	more[roll->block_count] = large_new(BLOCK_PARTIES * sizeof(struct party));
	return more[roll->block_count] != NULL && ++roll->block_count > 0;
}

struct party *roll_add(struct roll *roll, uint64_t number)
{
	struct page *page = page_of(roll, number);
	if (page == NULL)
		page = add_page(roll, number);
	if (page == NULL || (roll->count == roll->block_count * BLOCK_PARTIES && !add_block(roll)))
		return NULL;
	unsigned word = number / WORD_BITS % PAGE_WORDS;
	uint64_t bit = UINT64_C(1) << number % WORD_BITS;
	require((page->bits[word] & ~(bit - 1)) == 0); /* it is behind all that are there */
	if (page->bits[word] == 0)
		page->in_page[word] = (uint16_t)(roll->count - page->before);
	page->bits[word] |= bit;
	return at_place(roll, roll->count++);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static bool is_there(const struct page *page, uint64_t in_page)
{
	return (page->bits[in_page / WORD_BITS] >> in_page % WORD_BITS & 1) != 0;
}

/* *at: which page, and which of its numbers. */
struct party *roll_next(const struct roll *roll, uint64_t *at, uint64_t *number)
{
	for (; *at / PAGE_NUMBERS < roll->page_count; ++*at) {
		const struct page *page = &roll->page[*at / PAGE_NUMBERS];
		if (!is_there(page, *at % PAGE_NUMBERS))
			continue;
		*number = page->first + *at % PAGE_NUMBERS;
		++*at;
		return roll_find(roll, *number);
	}
	return NULL;
}

size_t roll_bytes(const struct roll *roll)
{
	return slots_bytes(&roll->pages) + roll->page_count * sizeof *roll->page +
	       roll->block_count * BLOCK_PARTIES * sizeof(struct party);
}
