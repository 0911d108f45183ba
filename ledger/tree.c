/* tree: the growing RFC 6962 tree (section 2.1): one batch's nodes.
 * Thread: any, one owner at a time.  No I/O.
 *
 * A batch begins at size a (`begin`) and stands at size n (`size`).  Per level
 * l the tree keeps the complete nodes with index (a >> l) & ~1 up to
 * (n >> l) - 1.  So node 0 of a level is the peak that the batch grew from
 * where bit l of a is set, and every sibling that a proof of the batch's own
 * leaves can ask for is at hand.
 *
 * The edge of level l is the hash of the leaves behind the last complete node
 * of that level, [n >> l << l, n): it exists where n has bits below l. */
#include "lagniappe/tree.h"

#include <stdlib.h>
#include <string.h>

struct level {
	struct lgp_hash *nodes; /* owned by the tree's one block */
	size_t count, max;
};

struct lgp_tree {
	uint64_t begin, size; /* leaves */
	size_t max_leaves;    /* of a batch */
	bool edge_hashed;
	struct lgp_hash edge[LGP_TREE_LEVELS + 1]; /* the last one is the root */
	struct level level[LGP_TREE_LEVELS];
	struct lgp_hash block[];
};

static bool bit(uint64_t number, unsigned level)
{
	return number >> level & 1;
}

/* Whether leaves stand behind the last complete node of the level. */
static bool has_edge(uint64_t size, unsigned level)
{
	return (size & ((UINT64_C(1) << level) - 1)) != 0;
}

/* Nodes that a level holds at most: max_leaves >> l complete ones, one more
 * for how the batch lies, and the peak. */
static size_t level_max(size_t max_leaves, unsigned level)
{
	return (max_leaves >> level) + 2;
}

enum lgp_status lgp_tree_new(size_t max_leaves, struct lgp_tree **out)
{
	require(max_leaves < (size_t)1 << 32);
	size_t nodes = 0;
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++)
		nodes += level_max(max_leaves, l);
	struct lgp_tree *tree = calloc(1, sizeof(*tree) + nodes * sizeof(tree->block[0]));
	if (tree == NULL)
		return lgp_fault(LGP_NO_MEMORY, "tree: no memory for batches of %zu leaves",
		                 max_leaves);
	tree->max_leaves = max_leaves;
	struct lgp_hash *next = tree->block;
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++) {
		tree->level[l].nodes = next;
		tree->level[l].max = level_max(max_leaves, l);
		next += tree->level[l].max;
	}
	*out = tree;
	return LGP_OK;
}

void lgp_tree_free(struct lgp_tree *tree)
{
	free(tree);
}

void lgp_tree_stand(struct lgp_tree *tree, uint64_t size, const struct lgp_hash *peaks)
{
	require(size >> LGP_TREE_LEVELS == 0);
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++) {
		tree->level[l].count = bit(size, l);
		if (bit(size, l))
			tree->level[l].nodes[0] = *peaks++;
	}
	tree->begin = tree->size = size;
	tree->edge_hashed = false;
}

void lgp_tree_begin(struct lgp_tree *tree)
{
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++) {
		struct level *level = &tree->level[l];
		/* Where bit l of the size is set, the last complete node is a
		 * left child without its sibling: a peak. */
		if (bit(tree->size, l))
			level->nodes[0] = level->nodes[level->count - 1];
		level->count = bit(tree->size, l);
	}
	tree->begin = tree->size;
}

void lgp_tree_rollback(struct lgp_tree *tree)
{
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++)
		tree->level[l].count = bit(tree->begin, l);
	tree->size = tree->begin;
	tree->edge_hashed = false;
}

void lgp_tree_append(struct lgp_tree *tree, const struct lgp_hash *leaf)
{
	require(tree->size - tree->begin < tree->max_leaves);
	struct lgp_hash node = *leaf;
	for (unsigned l = 0;; l++) {
		require(l < LGP_TREE_LEVELS);
		struct level *level = &tree->level[l];
		require(level->count < level->max);
		level->nodes[level->count++] = node;
		if (!bit(tree->size, l))
			break;
		lgp_hash_node(&level->nodes[level->count - 2], &node, &node);
	}
	tree->size++;
	tree->edge_hashed = false;
}

uint64_t lgp_tree_size(const struct lgp_tree *tree)
{
	return tree->size;
}

/* The edge of level l + 1 is the peak of level l, if there is one, over the
 * edge of level l, if there is one.  The topmost is the root. */
static void hash_edge(struct lgp_tree *tree)
{
	for (unsigned l = 0; l < LGP_TREE_LEVELS; l++) {
		const struct level *level = &tree->level[l];
		struct lgp_hash *edge = tree->edge;
		if (!bit(tree->size, l))
			edge[l + 1] = edge[l];
		else if (!has_edge(tree->size, l))
			edge[l + 1] = level->nodes[level->count - 1];
		else
			lgp_hash_node(&level->nodes[level->count - 1], &edge[l], &edge[l + 1]);
	}
	if (tree->size == 0)
		lgp_hash_sha256("", 0, &tree->edge[LGP_TREE_LEVELS]);
	tree->edge_hashed = true;
}

void lgp_tree_root(struct lgp_tree *tree, struct lgp_hash *root)
{
	if (!tree->edge_hashed)
		hash_edge(tree);
	*root = tree->edge[LGP_TREE_LEVELS];
}

void lgp_tree_prove(const struct lgp_tree *tree, uint64_t index, struct lgp_proof *out)
{
	require(tree->edge_hashed);
	require(index >= tree->begin && index < tree->size);
	unsigned count = 0;
	for (unsigned l = 0; (tree->size - 1) >> l > 0; l++) {
		uint64_t sibling = index >> l ^ 1, complete = tree->size >> l;
		uint64_t first = tree->begin >> l & ~UINT64_C(1);
		if (sibling < complete)
			out->hash[count++] = tree->level[l].nodes[sibling - first];
		else if (sibling == complete && has_edge(tree->size, l))
			out->hash[count++] = tree->edge[l];
	}
	out->count = count;
}

size_t lgp_tree_completed(const struct lgp_tree *tree, unsigned level, uint64_t *first,
                          const struct lgp_hash **nodes)
{
	require(level < LGP_TREE_LEVELS);
	*first = tree->begin >> level;
	*nodes = tree->level[level].nodes + bit(tree->begin, level);
	return (size_t)((tree->size >> level) - (tree->begin >> level));
}
