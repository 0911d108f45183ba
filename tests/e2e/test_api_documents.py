"""What the server says of itself: problems, OpenAPI, health, metrics."""
import json
import re

import pytest

from checks import assert_problem, grant, grant_body
from harness import AUTO

jsonschema = pytest.importorskip("jsonschema")

# INTERFACE's: the codes that callers are told of, with their statuses.
CODES = {"idempotency-key-missing": 400, "key-reused": 422, "already-exists": 409,
         "limit-exceeded": 403, "insufficient-budget": 409, "incident-required": 422,
         "budget-unit-mismatch": 422, "already-reversed": 409, "insufficient-funds": 409}
METHODS = {"get", "post", "put", "patch", "delete"}


def test_the_table_of_problems_is_published_with_its_precedence(programme):
    answer = programme.server.get("/problems", headers={"Accept": "application/json"})
    assert answer.status_code == 200
    text = answer.text
    for code, status in CODES.items():
        assert code in text and str(status) in text
    told = re.search(r"token.*role.*shape.*key.*existence.*rules.*funds", text, re.S | re.I)
    assert told, text


def test_every_problem_leads_to_the_table(programme):
    problem = assert_problem(programme.server.get("/v1/sites"), 401, "unauthenticated")
    answer = programme.server.get(problem["type"])
    assert answer.status_code == 200, answer.text
    assert "unauthenticated" in answer.text


@pytest.fixture(scope="module")
def openapi(programme):
    answer = programme.server.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.json()


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def resolve(document, reference):
    assert reference.startswith("#/"), reference
    found = document
    for step in reference[2:].split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation


def test_the_openapi_document_is_sound(openapi):
    assert openapi["openapi"].startswith("3.1.")
    assert openapi["info"]["title"] and openapi["info"]["version"]
    for reference in references(openapi):
        resolve(openapi, reference)
    names = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(openapi):
        assert operation["responses"], (path, method)
        placed = [parameter if "$ref" not in parameter else resolve(openapi, parameter["$ref"])
                  for parameter in operation.get("parameters", []) +
                  openapi["paths"][path].get("parameters", [])]
        in_path = {one["name"] for one in placed if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{([^}]+)\}", path)), path
        assert all(one["required"] for one in placed if one["in"] == "path")
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d|[1-5]XX|default", status)
            response = resolve(openapi, response["$ref"]) if "$ref" in response else response
            assert response["description"]


def test_every_schema_is_a_schema(openapi):
    for name, schema in openapi["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)


def test_the_document_tells_of_every_endpoint_there_is(openapi):
    paths = {re.sub(r"\{[^}]+\}", "{}", path): set(item) & METHODS
             for path, item in openapi["paths"].items()}
    for path, methods in {
            "/v1/units": {"get", "post"}, "/v1/units/{}": {"get", "patch"},
            "/v1/sites": {"get", "post"}, "/v1/sites/{}": {"get", "patch"},
            "/v1/budgets": {"get", "post"}, "/v1/budgets/{}": {"get", "patch"},
            "/v1/budgets/{}/allotments": {"post"}, "/v1/reasons": {"get", "post"},
            "/v1/touchpoints": {"get", "post"}, "/v1/staff": {"get", "post"},
            "/v1/staff/{}": {"get", "patch"}, "/v1/tokens": {"get", "post"},
            "/v1/tokens/{}": {"delete"}, "/v1/customers": {"post"},
            "/v1/customers/lookup": {"post"}, "/v1/customers/{}": {"get", "patch"},
            "/v1/customers/{}/balances": {"get"}, "/v1/customers/{}/statement": {"get"},
            "/v1/grants": {"post"}, "/v1/grants/batch": {"post"}, "/v1/thanks": {"post"},
            "/v1/entries": {"get"}, "/v1/entries/{}": {"get"}, "/v1/entries/{}/reverse": {"post"},
            "/v1/limits": {"get"}, "/v1/limits/{}": {"get", "put", "delete"},
            "/v1/limits/{}/versions": {"get"}, "/v1/staff/me/headroom": {"get"},
            "/v1/approvals": {"get"}, "/v1/approvals/{}/approve": {"post"},
            "/v1/approvals/{}/decline": {"post"}, "/v1/delegations": {"get", "post"},
            "/v1/delegations/{}": {"get", "delete"}, "/v1/imports": {"post"}, "/v1/receipts/{}": {"get"}, "/v1/payloads/{}": {"get"},
            "/checkpoint": {"get"}, "/log.vkey": {"get"}, "/metrics": {"get"},
            "/healthz": {"get"}, "/readyz": {"get"}, "/problems": {"get"}}.items():
        assert methods <= paths.get(path, set()), path


def schema_of(openapi, path, method, answer):
    """The schema that the document gives for an answer."""
    responses = openapi["paths"][path][method]["responses"]
    status = str(answer.status_code)
    for key in (status, status[0] + "XX", "default"):
        if key in responses:
            break
    else:
        raise AssertionError(f"{method} {path} does not tell of {status}")
    response = responses[key]
    response = resolve(openapi, response["$ref"]) if "$ref" in response else response
    media = answer.headers["Content-Type"].split(";")[0]
    return response["content"][media]["schema"]


def conform(openapi, path, method, answer):
    schema = {**schema_of(openapi, path, method, answer), "components": openapi["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json())


def find_path(openapi, path):
    """The document's own spelling, whatever its parameter is called."""
    form = re.sub(r"\{[^}]*\}", "{}", path)
    return next(one for one in openapi["paths"] if re.sub(r"\{[^}]*\}", "{}", one) == form)


def test_real_answers_are_as_the_document_says(programme, openapi):
    server, seq = programme.server, grant(programme)["seq"]
    admin, finance, anna = programme.admin, programme.finance, programme.anna
    customer, auditor = programme.customer, programme.auditor
    calls = [
        ("/v1/units", "post", "", admin,
         {"code": "GBP", "scale": 2, "kind": "money", "name": "Pound"}),
        ("/v1/units", "get", "", admin, None),
        ("/v1/units/{}", "get", "EUR", admin, None),
        ("/v1/units/{}", "patch", "EUR", admin, {"name": "Euro"}),
        ("/v1/sites", "get", "", admin, None),
        ("/v1/sites/{}", "get", "paris", admin, None),
        ("/v1/budgets", "get", "", admin, None),
        ("/v1/budgets/{}", "get", "front-desk", finance, None),
        ("/v1/budgets/{}/allotments", "post", "front-desk", finance, {"amount": 1}),
        ("/v1/reasons", "get", "", admin, None),
        ("/v1/touchpoints", "get", "", admin, None),
        ("/v1/staff", "get", "", admin, None),
        ("/v1/staff/{}", "get", "anna", admin, None),
        ("/v1/tokens", "get", "", admin, None),
        ("/v1/tokens", "post", "", finance, {"role": "auditor", "expires_in": 60}),
        ("/v1/customers", "post", "", anna, {"reference": "openapi-1", "name": "Ola Ny"}),
        ("/v1/customers/{}", "get", customer, anna, None),
        ("/v1/customers/{}/balances", "get", customer, anna, None),
        ("/v1/customers/{}/statement", "get", customer, auditor, None),
        ("/v1/grants", "post", "", anna, grant_body(programme)),
        ("/v1/grants", "post", "", anna, grant_body(programme, 0)),
        ("/v1/grants", "post", "", anna, grant_body(programme, 10 ** 12)),
        ("/v1/grants", "post", "", finance, grant_body(programme)),
        ("/v1/grants", "post", "", None, grant_body(programme)),
        ("/v1/grants", "post", "", anna, grant_body(programme, reason="unknown")),
        ("/v1/thanks", "post", "", anna, {"customer": customer, "reason": "kind-word"}),
        ("/v1/entries/{}/reverse", "post", str(seq), anna, {"note": "A mistake"}),
        ("/v1/entries/{}/reverse", "post", str(seq), anna, {"note": "A mistake"}),
        ("/v1/entries", "get", "", auditor, None),
        ("/v1/entries/{}", "get", str(seq), auditor, None),
        ("/v1/entries/{}", "get", "999999999", auditor, None),
        ("/v1/receipts/{}", "get", str(seq), auditor, None),
        ("/problems", "get", "", None, None),
    ]
    for path, method, number, token, body in calls:
        spelt = find_path(openapi, path)
        answer = server.request(method.upper(), path.replace("{}", number), json=body, token=token,
                                key=AUTO if method == "post" else None,
                                headers={"Accept": "application/json"})
        try:
            conform(openapi, spelt, method, answer)
        except (jsonschema.ValidationError, KeyError) as trouble:
            raise AssertionError(f"{method} {path} answered {answer.status_code} "
                                 f"{answer.text[:500]}: {trouble}") from trouble


def test_real_answers_about_limits_are_as_the_document_says(programme, openapi):
    server = programme.server
    admin, finance, anna, marc = programme.admin, programme.finance, programme.anna, programme.marc
    server.made("/v1/staff", {"id": "lisa", "name": "Lisa Lang", "role": "staff", "site": "paris",
                              "budget": "front-desk"}, admin)
    lisa = server.token("staff", subject="lisa")
    limit = {"scope": {"staff": "lisa"}, "unit": "EUR", "measure": "amount", "per": "staff",
             "window": "day", "max": 10, "when_passed": "ask", "note": "Small"}
    over = {**grant_body(programme, 20), "if_over": "ask"}

    def check(path, method, number, token, body=None, query=""):
        answer = server.request(method.upper(), path.replace("{}", str(number)) + query, json=body,
                                token=token, key=AUTO)
        try:
            conform(openapi, find_path(openapi, path), method, answer)
        except (jsonschema.ValidationError, KeyError) as trouble:
            raise AssertionError(f"{method} {path} answered {answer.status_code} "
                                 f"{answer.text[:500]}: {trouble}") from trouble
        return answer

    for body in (limit, {**limit, "max": 11}, {**limit, "until": "2000-01-01", "from": "2001-01-01"}):
        check("/v1/limits/{}", "put", "lisas", finance, body)
    check("/v1/limits/{}", "put", "lisas", finance, limit, "?dry_run=true")
    for path in ("/v1/limits", "/v1/limits/{}", "/v1/limits/{}/versions"):
        check(path, "get", "lisas", anna)
    check("/v1/staff/me/headroom", "get", "", lisa)
    assert check("/v1/grants", "post", "", lisa, grant_body(programme, 20)).status_code == 403
    check("/v1/grants", "post", "", lisa, grant_body(programme, 20), "?dry_run=true")
    check("/v1/grants", "post", "", lisa, over, "?dry_run=true")
    first, second = (check("/v1/grants", "post", "", lisa, {**over, "amount": n}) for n in (21, 22))
    assert first.status_code == second.status_code == 202
    check("/v1/approvals", "get", "", marc)
    approved = check("/v1/approvals/{}/approve", "post", first.json()["seq"], marc, {"note": "Yes"})
    assert approved.status_code == 201
    declined = check("/v1/approvals/{}/decline", "post", second.json()["seq"], marc, {})
    assert declined.status_code == 200
    check("/v1/approvals/{}/approve", "post", second.json()["seq"], marc, {})
    delegation = check("/v1/delegations", "post", "", marc, {
        "to": "lisa", "unit": "EUR", "ceiling": 5, "until": "2999-01-01", "scope": {}})
    for path in ("/v1/delegations", "/v1/delegations/{}"):
        check(path, "get", delegation.json()["id"], anna)
    for path, name in (("/v1/limits", "lisas"), ("/v1/delegations", delegation.json()["id"])):
        answer = server.delete(f"{path}/{name}", token=finance if path == "/v1/limits" else marc)
        assert answer.status_code == 204
        responses = openapi["paths"][find_path(openapi, path + "/{}")]["delete"]["responses"]
        assert "204" in responses


def test_real_requests_are_as_the_document_says(programme, openapi):
    def body_schema(path, method="post"):
        content = openapi["paths"][path][method]["requestBody"]["content"]
        schema = content["application/json"]["schema"]
        return jsonschema.Draft202012Validator({**schema, "components": openapi["components"]})

    grants = body_schema("/v1/grants")
    grants.validate(grant_body(programme, 5, incident="INC-1", touchpoint="lobby", words="Hello."))
    grants.validate(grant_body(programme, "500"))
    for bad in ({}, grant_body(programme, 1.5), grant_body(programme, 1, colour="red"),
                grant_body(programme, 1, reason=7)):
        assert not grants.is_valid(bad), bad


# --- operators' ---

def test_health_and_readiness_need_no_token(programme):
    assert programme.server.get("/healthz").status_code == 200
    assert programme.server.get("/readyz").status_code == 200


def test_metrics_are_prometheus_text_and_count(programme):
    def read():
        answer = programme.server.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        return answer.text

    before = read()
    grant(programme)
    text = read()
    assert text != before
    name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    sample = re.compile(rf'{name}(\{{({name}="[^"\n]*",?)*\}})? [0-9.eE+-]+(Inf|NaN)?')
    for line in text.splitlines():
        assert line.startswith("#") or sample.fullmatch(line), line
    assert programme.customer not in text


def test_every_answer_has_a_request_id(programme):
    server = programme.server
    answers = [server.get("/healthz"), server.get("/v1/sites"), server.get("/nothing"),
               server.post("/v1/grants", json=grant_body(programme), token=programme.anna)]
    ids = [answer.headers["X-Request-Id"] for answer in answers]
    assert all(ids) and len(set(ids)) == len(ids)
    own = server.get("/healthz", headers={"X-Request-Id": "my-request-7"})
    assert own.headers["X-Request-Id"] == "my-request-7"


def test_a_hostile_request_id_comes_back_neither_in_headers_nor_in_the_log(programme):
    server = programme.server
    forged = "x\" level=error msg=\"forged"
    answer = server.get("/healthz", headers={"X-Request-Id": forged})
    assert answer.headers["X-Request-Id"] != forged
    assert not [line for line in server.lines if forged in line]


def test_head_is_answered_like_get_without_a_body(programme):
    answer = programme.server.request("HEAD", "/healthz")
    assert answer.status_code == 200
    assert answer.content == b""


def test_json_is_declared_as_json(programme):
    answer = programme.server.post("/v1/grants", json=grant_body(programme), token=programme.anna)
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    json.loads(answer.content.decode("utf-8"))
