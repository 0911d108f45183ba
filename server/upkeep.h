/* upkeep: what goes on behind the answers: the followers, which bring state.mdb and
 * ledger.mdb forward, held back so that their syncs do not stand in the commits' way.
 * Thread: start and stop are main's, wake is for any. */
#ifndef LAGNIAPPE_SERVER_UPKEEP_H
#define LAGNIAPPE_SERVER_UPKEEP_H

#include "server/app.h"

enum upkeep_of { UPKEEP_STATE, UPKEEP_LOG, UPKEEP_COUNT };

struct upkeep;
LGP_MUST_USE enum lgp_status upkeep_start(struct app *app, struct upkeep **out);
/* There is work for this one. */
void upkeep_wake(struct app *app, enum upkeep_of which);
/* Changes come faster than it takes them: it is not to rest. */
void upkeep_press(struct app *app, enum upkeep_of which);
/* Lets what is under way end. */
void upkeep_stop(struct upkeep *upkeep);

#endif
