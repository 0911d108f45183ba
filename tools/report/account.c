/* account: see account.h.  Thread: any. */
#include "tools/report/account.h"

#include <stdio.h>

const char *account_name(const struct book *book, const struct lgp_entry *entry,
                         enum lgp_class class, char name[ACCOUNT_NAME_MAX])
{
	char owner[BOOK_NAME_MAX];
	uint64_t number = lgp_entry_owner(entry, class);
	switch (lgp_class_owner(class)) {
	case LGP_OWNER_NONE:
		snprintf(name, ACCOUNT_NAME_MAX, "%s", lgp_class_name(class));
		break;
	case LGP_OWNER_BUDGET:
		snprintf(name, ACCOUNT_NAME_MAX, "%s:%s", lgp_class_name(class),
		         book_name(book, LGP_KIND_BUDGET, number, owner));
		break;
	case LGP_OWNER_CUSTOMER:
		snprintf(name, ACCOUNT_NAME_MAX, "%s:%llu", lgp_class_name(class),
		         (unsigned long long)number);
		break;
	}
	return name;
}
