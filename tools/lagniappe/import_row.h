/* import_row: one record of the file made into one line of an import.
 * Thread: the tool's one. */
#ifndef LAGNIAPPE_TOOLS_IMPORT_ROW_H
#define LAGNIAPPE_TOOLS_IMPORT_ROW_H

#include "tools/lagniappe/import.h"

struct row_rules {
	struct columns_map columns;
	size_t field_count;      /* of the header */
	size_t first;            /* of the file's own fields: 2 in a rejects' file */
	const char *date_format; /* valid */
	const char *unit;
	unsigned scale;
	const char *budget; /* where the map names no budget column */
};

#define ROW_TEXT_MAX 256 /* bytes: the party's; of what gets a name LGP_TEXT_MAX */

/* The texts are cleaned copies, without NUL. */
struct row {
	int32_t business_date;
	int64_t amount;                               /* minor units, not 0 */
	struct lgp_view staff, reason, party, budget; /* len 0: the file has none */
	char text[COLUMN_COUNT][ROW_TEXT_MAX];
	char key[64]; /* from the content; how many equal rows came before is behind it */
};

/* seen: counts equal rows.  False: why says what is wrong with the record. */
LGP_MUST_USE bool row_read(const struct row_rules *rules, const struct csv_record *record,
                           struct tally *seen, struct row *out, char why[256]);

#endif
