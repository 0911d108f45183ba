/* worker: a loop's own readers, ciphers and buffers.
 * Thread: main. */
#include "server/worker.h"

#include "server/job.h"
#include "server/metrics.h"

#include <stdlib.h>

static enum lgp_status fill(struct worker *worker)
{
	struct app *app = worker->app;
	enum lgp_status status = lgp_reader_new(app->ledger, &worker->reader);
	if (status == LGP_OK)
		status = people_reader_new(app->people, &worker->people);
	if (status == LGP_OK)
		status = lgp_idcipher_new(lgp_ledger_keys(app->ledger)->mac, &worker->ids);
	if (status == LGP_OK)
		status = calendar_new(&worker->calendar);
	if (status != LGP_OK)
		return status;
	worker->json = json_document_new();
	worker->counts = metrics_new();
	buf_init(&worker->checkpoint_json, 16 * LGP_CHECKPOINT_SIGNED_MAX);
	if (worker->json == NULL || worker->counts == NULL || !body_init(&worker->body))
		return lgp_fault(LGP_NO_MEMORY, "a loop");
	return LGP_OK;
}

enum lgp_status worker_new(struct app *app, unsigned index, struct worker **out)
{
	struct worker *worker = calloc(1, sizeof *worker);
	if (worker == NULL)
		return lgp_fault(LGP_NO_MEMORY, "a loop");
	worker->app = app;
	worker->index = index;
	enum lgp_status status = fill(worker);
	if (status != LGP_OK) {
		worker_free(worker);
		return status;
	}
	*out = worker;
	return LGP_OK;
}

void worker_free(struct worker *worker)
{
	if (worker == NULL)
		return;
	job_pool_free(worker);
	buf_deinit(&worker->checkpoint_json);
	body_deinit(&worker->body);
	json_document_free(worker->json);
	free(worker->counts);
	if (worker->calendar != NULL)
		calendar_free(worker->calendar);
	if (worker->ids != NULL)
		lgp_idcipher_free(worker->ids);
	people_reader_free(worker->people);
	if (worker->reader != NULL)
		lgp_reader_free(worker->reader);
	free(worker);
}
