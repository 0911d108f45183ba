/* account: what the accounts of double entry are called.
 * Thread: any. */
#ifndef LAGNIAPPE_REPORT_ACCOUNT_H
#define LAGNIAPPE_REPORT_ACCOUNT_H

#include "tools/report/book.h"

#define ACCOUNT_NAME_MAX (BOOK_NAME_MAX + 16)

/* The name of an entry's account of a class that is not LGP_CLASS_NONE:
 * "budget:front-desk", "customer:7", "settlement", "issuance:the house" (no
 * budget's).  Two accounts never share a name, nor is one the head of another.
 * Returns name. */
const char *account_name(const struct book *book, const struct lgp_entry *entry,
                         enum lgp_class class, char name[ACCOUNT_NAME_MAX]);

#endif
