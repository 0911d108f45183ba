/* upkeep: what goes on behind the answers: the applier, which brings state.mdb
 * forward, held back so that its syncs do not stand in the commits' way.
 * Thread: start and stop are main's, wake is for any. */
#ifndef LAGNIAPPE_SERVER_UPKEEP_H
#define LAGNIAPPE_SERVER_UPKEEP_H

#include "server/app.h"

struct upkeep;
LGP_MUST_USE enum lgp_status upkeep_start(struct app *app, struct upkeep **out);
/* There is work for the applier. */
void upkeep_wake(struct app *app);
/* Changes come faster than it takes them: it is not to rest. */
void upkeep_press(struct app *app);
/* Lets a step under way end. */
void upkeep_stop(struct upkeep *upkeep);

#endif
