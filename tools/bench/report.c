/* report: what was measured.
 * Thread: the generator's one. */
#include "tools/bench/report.h"

#include <jansson.h>

static const struct quantile {
	const char *name, *label;
	double share;
} quantiles[] = {
        {"p50", "p50", 0.5}, {"p90", "p90", 0.9}, {"p99", "p99", 0.99}, {"p999", "p99.9", 0.999}};
#define QUANTILE_COUNT (sizeof quantiles / sizeof quantiles[0])

static double ms(uint64_t ns)
{
	return (double)ns * 1e-6;
}

static double each(uint64_t bytes, uint64_t count)
{
	return count == 0 ? 0 : (double)bytes / (double)count;
}

static double mean_ms(const struct histogram *latency)
{
	return each(latency->sum_ns, latency->count) * 1e-6;
}

/* ---- for people -------------------------------------------------------------------------- */

static void text_requests(const struct report *report, FILE *out)
{
	const struct load_plan *plan = report->plan;
	const struct load_result *result = report->result;
	fprintf(out, "  requests  %llu answered, %.0f/s", (unsigned long long)result->answered,
	        (double)result->answered / plan->seconds);
	if (plan->mode.kind == MODE_BATCH)
		fprintf(out, "; %.0f grants/s", (double)result->accepted_lines / plan->seconds);
	fprintf(out, "; %.0f bytes up, %.0f down each\n",
	        each(result->request_bytes, result->answered),
	        each(result->reply_bytes, result->answered));
	fprintf(out, "  statuses ");
	for (unsigned status = 0; status < STATUS_MAX; status++)
		if (result->status[status] > 0)
			fprintf(out, " %u: %llu", status,
			        (unsigned long long)result->status[status]);
	fprintf(out, " (warm-up included)\n");
}

static void text_latency(const struct report *report, FILE *out)
{
	const struct histogram *latency = &report->result->latency;
	fprintf(out, "  latency   mean %.3f ms", mean_ms(latency));
	for (size_t i = 0; i < QUANTILE_COUNT; i++)
		fprintf(out, ", %s %.3f", quantiles[i].label,
		        ms(histogram_at(latency, quantiles[i].share)));
	fprintf(out, ", max %.3f%s\n", ms(latency->max_ns),
	        report->plan->rate > 0 ? ", from when each was due" : "");
}

static void text_trouble(const struct load_result *result, FILE *out)
{
	if (result->asked_again + result->lines_asked_again > 0)
		fprintf(out, "  asked again, after 503: %llu requests, %llu lines of batches\n",
		        (unsigned long long)result->asked_again,
		        (unsigned long long)result->lines_asked_again);
	if (result->unsent > 0)
		fprintf(out, "  unsent    %llu were due and found no free connection\n",
		        (unsigned long long)result->unsent);
	if (load_errors(result) == 0)
		return;
	fprintf(out,
	        "  ERRORS    %llu: %llu connections closed, %llu unanswered, %llu lines refused",
	        (unsigned long long)load_errors(result), (unsigned long long)result->closed,
	        (unsigned long long)result->unanswered, (unsigned long long)result->refused_lines);
	fprintf(out, "%s%s\n", result->refusal[0] != '\0' ? "; the first: " : "", result->refusal);
}

void report_text(const struct report *report, FILE *out)
{
	const struct load_plan *plan = report->plan;
	const struct load_result *result = report->result;
	fprintf(out, "%s: %u connections, ", report->mode, plan->connections);
	if (plan->rate > 0)
		fprintf(out, "open loop at %.0f/s, ", plan->rate);
	else
		fprintf(out, "closed loop, ");
	fprintf(out, "%g s after %g s%s\n", plan->seconds, plan->warmup_seconds,
	        plan->target->tls == NULL ? ""
	        : plan->target->verified  ? ", TLS 1.3"
	                                  : ", TLS 1.3, certificate not checked on loopback");
	text_requests(report, out);
	text_latency(report, out);
	fprintf(out, "  cpu       generator %.2f s", result->generator_cpu_seconds);
	if (result->server_cpu_seconds >= 0)
		fprintf(out, ", server %.2f s", result->server_cpu_seconds);
	fputc('\n', out);
	if (report->key_given)
		fprintf(out, "  receipts  %u of %u kept ones verify\n", report->receipts_verified,
		        report->receipts_kept);
	else if (plan->mode.kind == MODE_GRANT)
		fprintf(out, "  receipts  not verified: give --key\n");
	text_trouble(result, out);
}

/* ---- for programs ------------------------------------------------------------------------ */

static void set_integer(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *json_latency(const struct histogram *latency)
{
	json_t *object = json_object(), *buckets = json_array();
	json_object_set_new(object, "mean", json_real(mean_ms(latency)));
	for (size_t i = 0; i < QUANTILE_COUNT; i++)
		json_object_set_new(object, quantiles[i].name,
		                    json_real(ms(histogram_at(latency, quantiles[i].share))));
	json_object_set_new(object, "max", json_real(ms(latency->max_ns)));
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (latency->bucket[i] > 0)
			json_array_append_new(buckets, json_pack("[f,I]", ms(histogram_edge(i)),
			                                         (json_int_t)latency->bucket[i]));
	json_object_set_new(object, "histogram", buckets);
	return object;
}

static json_t *json_statuses(const struct load_result *result)
{
	json_t *object = json_object();
	for (unsigned status = 0; status < STATUS_MAX; status++) {
		char name[8];
		snprintf(name, sizeof name, "%u", status);
		if (result->status[status] > 0)
			set_integer(object, name, result->status[status]);
	}
	return object;
}

static void set_plan(json_t *object, const struct report *report)
{
	const struct load_plan *plan = report->plan;
	json_object_set_new(object, "mode", json_string(report->mode));
	json_object_set_new(object, "loop", json_string(plan->rate > 0 ? "open" : "closed"));
	json_object_set_new(object, "tls", json_boolean(plan->target->tls != NULL));
	set_integer(object, "connections", plan->connections);
	json_object_set_new(object, "seconds", json_real(plan->seconds));
	json_object_set_new(object, "warmup_seconds", json_real(plan->warmup_seconds));
	if (plan->rate > 0)
		json_object_set_new(object, "rate", json_real(plan->rate));
}

static void set_result(json_t *object, const struct report *report)
{
	const struct load_result *result = report->result;
	double seconds = report->plan->seconds;
	set_integer(object, "requests", result->answered);
	json_object_set_new(object, "requests_per_s",
	                    json_real((double)result->answered / seconds));
	json_object_set_new(object, "lines_per_s",
	                    json_real((double)result->accepted_lines / seconds));
	json_object_set_new(object, "request_bytes",
	                    json_real(each(result->request_bytes, result->answered)));
	json_object_set_new(object, "reply_bytes",
	                    json_real(each(result->reply_bytes, result->answered)));
	json_object_set_new(object, "latency_ms", json_latency(&result->latency));
	json_object_set_new(object, "statuses", json_statuses(result));
	set_integer(object, "errors", load_errors(result));
	set_integer(object, "asked_again", result->asked_again);
	set_integer(object, "lines_asked_again", result->lines_asked_again);
	set_integer(object, "lines_refused", result->refused_lines);
	set_integer(object, "connections_closed", result->closed);
	set_integer(object, "unanswered", result->unanswered);
	set_integer(object, "unsent", result->unsent);
	if (result->refusal[0] != '\0')
		json_object_set_new(object, "first_error", json_string(result->refusal));
	json_object_set_new(object, "generator_cpu_s", json_real(result->generator_cpu_seconds));
	if (result->server_cpu_seconds >= 0)
		json_object_set_new(object, "server_cpu_s", json_real(result->server_cpu_seconds));
}

bool report_json(const struct report *report, FILE *out)
{
	json_t *object = json_object();
	set_plan(object, report);
	set_result(object, report);
	if (report->key_given) {
		set_integer(object, "receipts_kept", report->receipts_kept);
		set_integer(object, "receipts_verified", report->receipts_verified);
	}
	bool good = json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0 &&
	            fputc('\n', out) != EOF;
	json_decref(object);
	return good;
}
