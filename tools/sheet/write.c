/* write: a document out of the door, in the format that was chosen.
 * Thread: one at a time. */
#include "tools/sheet/model.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *name;
	enum lgp_status (*write)(const struct document *document, FILE *out);
} formats[] = {
        [DOCUMENT_TABLE] = {"table", table_write}, [DOCUMENT_CSV] = {"csv", csv_write},
        [DOCUMENT_JSON] = {"json", json_write},    [DOCUMENT_XLSX] = {"xlsx", xlsx_write},
        [DOCUMENT_HTML] = {"html", html_write},
};

bool document_format_of(const char *name, enum document_format *out)
{
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(name, formats[i].name) == 0) {
			*out = (enum document_format)i;
			return true;
		}
	}
	return false;
}

static bool is_whole(const struct document *document)
{
	for (size_t i = 0; i < document->count; i++)
		if (document->sheets[i]->dropped > 0)
			return false;
	return document->missing == 0;
}

enum lgp_status document_write(const struct document *document, enum document_format format,
                               FILE *out)
{
	require((size_t)format < sizeof formats / sizeof formats[0]);
	if (document->failed)
		return lgp_fault(LGP_NO_MEMORY, "memory ran out while the document was made");
	for (size_t i = 0; i < document->count; i++) {
		const struct sheet *sheet = document->sheets[i];
		require((sheet->count + sheet->dropped) % sheet->column_count == 0);
	}
	errno = 0;
	enum lgp_status status = formats[format].write(document, out);
	if (status != LGP_OK && status != LGP_OVERLOAD)
		return status;
	if (fflush(out) != 0 || ferror(out))
		return lgp_fault(LGP_IO, "the document cannot be written: %s", strerror(errno));
	if (status == LGP_OK && !is_whole(document))
		return lgp_fault(LGP_OVERLOAD, "the document holds the first rows alone");
	return status;
}
