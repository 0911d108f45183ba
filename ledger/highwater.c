/* highwater: DIR/high-water, the last checkpoint that left the house.
 * Threads: who appends writes, one other syncs.
 * Upholds I11: a ledger that does not contain what was released does not sign.
 *
 * The file is one signed note, overwritten in place: notes of one log only grow
 * as its size grows, and one is shorter than a disk's sector, so that a power
 * cut leaves the old or the new. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ADVICE                                                                                \
	"A backup was restored, or files of two ledgers were mixed. Find the newest "         \
	"ledger.mdb and the ledger.wal files that lay beside it; if what is missing is lost " \
	"for good, keep DIR/high-water as evidence elsewhere, tell who holds receipts, and "  \
	"remove it"

static enum lgp_status root_of(struct lgp_ledger *ledger, uint64_t size, struct lgp_hash *root)
{
	struct lgp_reader reader = {.ledger = ledger, .log = ledger->log_reader};
	struct lgp_node_source source = {lgp_read_node, &reader};
	return lgp_prove_root(&source, size, root);
}

static enum lgp_status check_note(struct lgp_ledger *ledger, struct lgp_view note)
{
	struct lgp_checkpoint seen;
	struct lgp_hash root;
	if (lgp_checkpoint_open(note, &ledger->signer.public, 1, &seen) != LGP_OK)
		return lgp_fault(LGP_BEHIND,
		                 "%s/high-water is damaged or of another ledger. " ADVICE,
		                 ledger->dir);
	if (seen.size > ledger->released.size)
		return lgp_fault(
		        LGP_BEHIND,
		        "%s: the ledger ends at entry %llu, and a checkpoint of size %llu was "
		        "released. " ADVICE,
		        ledger->dir, (unsigned long long)ledger->released.size,
		        (unsigned long long)seen.size);
	enum lgp_status status = root_of(ledger, seen.size, &root);
	if (status == LGP_OK && !lgp_hash_equal(&root, &seen.root))
		return lgp_fault(
		        LGP_BEHIND,
		        "%s: the ledger's first %llu entries are not those of the checkpoint "
		        "that was released. " ADVICE,
		        ledger->dir, (unsigned long long)seen.size);
	return status;
}

enum lgp_status highwater_check(struct lgp_ledger *ledger)
{
	char path[PATH_BYTES + 16], note[LGP_CHECKPOINT_SIGNED_MAX];
	snprintf(path, sizeof path, "%s/high-water", ledger->dir);
	ledger->highwater_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ledger->highwater_fd < 0)
		return lgp_fault(LGP_IO, "%s: %s", path, strerror(errno));
	ssize_t len = pread(ledger->highwater_fd, note, sizeof note, 0);
	if (len < 0)
		return lgp_fault(LGP_IO, "%s: %s", path, strerror(errno));
	if (len == 0) /* nothing was released yet */
		return LGP_OK;
	return check_note(ledger, (struct lgp_view){note, (size_t)len});
}

void lgp_highwater_write(struct lgp_ledger *ledger)
{
	const struct batch *batch = ledger->closed;
	require(batch->sealed);
	ssize_t written = pwrite(ledger->highwater_fd, batch->note, batch->note_len, 0);
	/* A full disk here costs the protection of one second, not the entry: the
	 * sync says so. */
	if (written == (ssize_t)batch->note_len)
		atomic_store(&ledger->highwater_dirty, true);
}

enum lgp_status lgp_highwater_sync(struct lgp_ledger *ledger)
{
	if (!atomic_exchange(&ledger->highwater_dirty, false))
		return LGP_OK;
	if (fdatasync(ledger->highwater_fd) != 0)
		return lgp_fault(LGP_IO, "%s/high-water: %s", ledger->dir, strerror(errno));
	return LGP_OK;
}
