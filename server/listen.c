/* listen: bound sockets for the loops of one server.  See listen.h.
 * Thread: main. */
#include "server/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
	struct sockaddr_storage bytes;
	socklen_t len;
};

static enum lgp_status resolve(const char *host, uint16_t port, struct address *out)
{
	char service[8];
	struct addrinfo *found;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	int error = getaddrinfo(host, service, &hints, &found);
	if (error != 0)
		return lgp_fault(LGP_IO, "cannot listen on %s: %s; give an address of this machine",
		                 host, gai_strerror(error));
	require(found->ai_addrlen <= sizeof(out->bytes));
	memcpy(&out->bytes, found->ai_addr, found->ai_addrlen);
	out->len = found->ai_addrlen;
	freeaddrinfo(found);
	return LGP_OK;
}

static bool switch_on(int fd, int level, int option)
{
	return setsockopt(fd, level, option, &(int){1}, sizeof(int)) == 0;
}

/* A bound socket, or -1 with errno. */
static int open_bound(const struct address *address, bool shared)
{
	int fd = socket(address->bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (switch_on(fd, SOL_SOCKET, SO_REUSEADDR) &&
	    (!shared || switch_on(fd, SOL_SOCKET, SO_REUSEPORT)) &&
	    bind(fd, (const struct sockaddr *)&address->bytes, address->len) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Shared sockets would also share with another server of the same user that
 * runs already: a socket that does not share finds it. */
static bool address_free(const struct address *address)
{
	int fd = open_bound(address, false);
	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static enum lgp_status fault(const char *host, uint16_t port)
{
	const char *advice = errno == EADDRINUSE
	                             ? "; stop what listens there, or choose another port"
	                     : errno == EACCES ? "; ports below 1024 need a privilege"
	                                       : "";
	return lgp_fault(LGP_IO, "cannot listen on %s port %u: %s%s", host, (unsigned)port,
	                 strerror(errno), advice);
}

/* The port that the kernel chose, for the sockets after the first. */
static void learn_port(int fd, struct address *address, uint16_t *port)
{
	socklen_t len = sizeof(address->bytes);
	require(getsockname(fd, (struct sockaddr *)&address->bytes, &len) == 0);
	*port = address->bytes.ss_family == AF_INET6
	                ? ntohs(((struct sockaddr_in6 *)&address->bytes)->sin6_port)
	                : ntohs(((struct sockaddr_in *)&address->bytes)->sin_port);
}

enum lgp_status listen_bind(const char *host, uint16_t *port, int *fds, unsigned count)
{
	struct address address;
	enum lgp_status status = resolve(host, *port, &address);
	if (status != LGP_OK)
		return status;
	if (count > 1 && *port != 0 && !address_free(&address))
		return fault(host, *port);
	for (unsigned i = 0; i < count; i++) {
		fds[i] = open_bound(&address, count > 1);
		if (fds[i] < 0) {
			status = fault(host, *port);
			while (i-- > 0)
				close(fds[i]);
			return status;
		}
		if (i == 0)
			learn_port(fds[0], &address, port);
	}
	return LGP_OK;
}
