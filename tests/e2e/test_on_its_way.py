"""A large batch is on its way to a disk that has no room, and others are judged behind it:
what came of neither is told to all of them, and happened to nobody (I3, I9)."""
import concurrent.futures
import time

import pytest

from checks import assert_problem, grant_body, post_lines
from harness import preloaded, set_up_programme

# A write of a large batch waits until DISK_FOLDER/go is there, and then finds no room;
# nor do the keys of people.  Before DISK_FOLDER/full is there, all is well.
DISK = r"""
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define LARGE 60000
static int there(const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", getenv("DISK_FOLDER"), name);
	return access(path, F_OK) == 0;
}
static int is_file(int fd, const char *name)
{
	char link[64], path[4096] = "";
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof path - 1) > 0 && strstr(path, name) != NULL;
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	static ssize_t (*real)(int, const void *, size_t, off_t);
	if (real == NULL)
		real = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
	int large = len >= LARGE && is_file(fd, "/ledger.wal");
	if (!there("full") || !(large || is_file(fd, "/people.keys")))
		return real(fd, bytes, len, at);
	while (large && !there("go"))
		usleep(10000);
	errno = ENOSPC;
	return -1;
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite(fd, bytes, len, at);
}
"""


class Disk:
    """Full for what is large, from when it is said; nothing ends before it may."""

    def __init__(self, folder):
        self.folder = folder

    def fill(self):
        (self.folder / "full").touch()

    def go(self):
        (self.folder / "go").touch()


@pytest.fixture
def disk(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", preloaded(tmp_path, DISK))
    monkeypatch.setenv("DISK_FOLDER", str(tmp_path))
    yield Disk(tmp_path)
    (tmp_path / "go").touch()


@pytest.fixture
def programme(make_server, disk, monkeypatch):
    programme = set_up_programme(make_server())
    monkeypatch.delenv("LD_PRELOAD")  # those who ask, and the next start, have room
    return programme


class Asking:
    """Requests that are sent one after another, and answered when they may be."""

    def __init__(self, programme):
        self.server, self.pool = programme.server, concurrent.futures.ThreadPoolExecutor(8)

    def __call__(self, act, *args, **kwargs):
        answer = self.pool.submit(act, *args, **kwargs)
        time.sleep(0.3)  # it is judged by then
        assert not answer.done()
        return answer


def lines(programme, count=400):
    return [{**grant_body(programme, 1), "key": f"k-{i}"} for i in range(count)]


def test_what_was_judged_behind_a_batch_without_room_did_not_happen_either(programme, disk):
    server, asking = programme.server, Asking(programme)
    disk.fill()
    large = asking(post_lines, server, "/v1/grants/batch", lines(programme), programme.anna)
    behind = [asking(server.post, "/v1/grants", body, programme.anna, key=key) for body, key in (
        (grant_body(programme, 7), "another"),
        (grant_body(programme, 1), "k-0"),    # the same again
        (grant_body(programme, 2), "k-1"))]   # used for something else, were it used
    disk.go()
    assert {line["status"] for line in large.result()} == {503}
    for answer in behind:
        assert_problem(answer.result(), 503, "read-only")
    assert server.balance(programme.customer, programme.anna) == 0
    server.restart()
    assert server.balance(programme.customer, programme.anna) == 0
    for body, key in ((grant_body(programme, 7), "another"), (grant_body(programme, 2), "k-1")):
        assert server.post("/v1/grants", body, programme.anna, key=key).status_code == 201
    assert server.balance(programme.customer, programme.anna) == 9


def test_a_change_of_a_person_that_was_told_read_only_is_not_made(programme, disk):
    """people.mdb had no room first, and the batch before it had none either."""
    server, asking = programme.server, Asking(programme)
    path = f"/v1/customers/{programme.customer}"
    name = server.get(path, programme.anna).json()["name"]
    disk.fill()
    asking(post_lines, server, "/v1/grants/batch", lines(programme), programme.anna)
    answers = [asking(server.patch, path, {"name": "Another"}, programme.anna),
               asking(server.post, "/v1/customers", {"reference": "b-1"}, programme.anna)]
    disk.go()
    for answer in answers:
        assert_problem(answer.result(), 503, "read-only")
    assert server.get(path, programme.anna).json()["name"] == name
    server.restart()
    assert server.get(path, programme.anna).json()["name"] == name


def test_a_change_of_a_person_behind_a_batch_without_room_is_made(programme, disk):
    """It stands in people.mdb alone, which had room."""
    server, asking = programme.server, Asking(programme)
    path = f"/v1/customers/{programme.customer}"
    disk.fill()
    asking(post_lines, server, "/v1/grants/batch", lines(programme), programme.anna)
    answer = asking(server.patch, path, {"name": "Another"}, programme.anna)
    disk.go()
    assert answer.result().status_code == 200
    server.restart()
    assert server.get(path, programme.anna).json()["name"] == "Another"
