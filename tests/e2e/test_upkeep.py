"""The applier: where changes come faster than it takes them, it does not rest."""
import json
import time

from harness import set_up_programme

PATIENCE_SECONDS = 1.5  # it would rest for three and more


def test_a_flood_over_many_customers_does_not_wait_for_the_applier_to_have_rested(make_server):
    server = make_server(args=["--overlay", "15000", "--applier-rest", "1000"])
    programme = set_up_programme(server)
    customers = [server.made("/v1/customers", {"reference": f"guest-{n}"}, programme.anna)["id"]
                 for n in range(500)]
    for batch in range(5):
        lines = "".join(json.dumps({"key": f"{batch}-{n}", "customer": customer, "amount": 1,
                                    "unit": "EUR", "reason": "late-room"}) + "\n"
                        for n, customer in enumerate(customers[100 * batch:100 * batch + 100]))
        began, statuses = time.monotonic(), {503}
        while 503 in statuses:
            assert time.monotonic() - began < PATIENCE_SECONDS, batch
            answer = server.request("POST", "/v1/grants/batch", token=programme.anna, data=lines)
            assert answer.status_code == 200, answer.text
            statuses = {json.loads(line)["status"] for line in answer.text.splitlines()}
            time.sleep(0.02)
        assert statuses == {201}
