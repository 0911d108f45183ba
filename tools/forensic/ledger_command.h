/* ledger_command: what the commands that read a ledger share: which ledger, which of
 * its entries, and where the answer goes.
 * Thread: one at a time. */
#ifndef LAGNIAPPE_FORENSIC_LEDGER_COMMAND_H
#define LAGNIAPPE_FORENSIC_LEDGER_COMMAND_H

#include "tools/common/options.h"
#include "tools/report/book.h"
#include "tools/sheet/sheet.h"

/* A noun that the command line names; its number is known once its definition was
 * read. */
struct ledger_name {
	const char *text; /* borrowed; NULL: any */
	uint64_t number;  /* 0: not read yet */
};

struct ledger_command {
	struct source_options source; /* borrowed, like output */
	const char *output;           /* NULL: standard output */
	enum document_format format;
	int32_t from, to; /* business dates, half-open */
	struct ledger_name unit, site, staff;
	struct book *book; /* owned */
};

/* --from --to --unit --site --staff --token --ca --format --output --help */
extern const struct option_row ledger_command_rows[];

/* Reads the options.  False: error says why. */
LGP_MUST_USE bool ledger_command_read(struct ledger_command *command, const struct options *given,
                                      char error[256]);
/* Opens the book; faults are book_open_from's. */
LGP_MUST_USE enum lgp_status ledger_command_open(struct ledger_command *command);
void ledger_command_close(struct ledger_command *command);

/* Of each entry in its order, before ledger_command_takes: learns the names. */
void ledger_command_note(struct ledger_command *command, const struct lgp_entry *entry);
/* Whether the entry is of the days, the unit, the site and the staff asked for. */
bool ledger_command_takes(const struct ledger_command *command, const struct lgp_entry *entry);
/* After a whole reading.  False: the ledger has no such unit, site or member of
 * staff; error names it. */
LGP_MUST_USE bool ledger_command_found(const struct ledger_command *command, char error[256]);
/* What to say of a fault. */
const char *ledger_command_fault(enum lgp_status status);
/* Notes above all sheets: the ledger, and what was asked for of it. */
void ledger_command_describe(const struct ledger_command *command, struct document *document);
/* Writes the document where the options say.  False: said on stderr. */
LGP_MUST_USE bool ledger_command_write(const struct ledger_command *command,
                                       const struct document *document);

#endif
