/* merkle: see merkle.h.  Thread: any, one owner.  Source: RFC 6962. */
#include "tools/audit/merkle.h"

unsigned merkle_append(struct merkle *tree, const struct lgp_hash *leaf,
                       struct lgp_hash tile[MERKLE_TILE_LEVELS])
{
	struct lgp_hash node = *leaf;
	unsigned level = 0, tiles = 0;
	for (; tree->size >> level & 1; level++) {
		lgp_hash_node(&tree->peak[level], &node, &node);
		if ((level + 1) % MERKLE_TILE_HEIGHT == 0)
			tile[tiles++] = node;
	}
	tree->peak[level] = node;
	tree->size++;
	return tiles;
}

void merkle_root(const struct merkle *tree, struct lgp_hash *root)
{
	bool any = false;
	for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
		if ((tree->size >> level & 1) == 0)
			continue;
		if (any)
			lgp_hash_node(&tree->peak[level], root, root);
		else
			*root = tree->peak[level];
		any = true;
	}
	if (!any)
		lgp_hash_sha256("", 0, root);
}
