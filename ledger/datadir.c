/* datadir: the key files and customer ids of a data directory.  Thread: any. */
#include "lagniappe/datadir.h"

#include "lagniappe/codec.h"
#include "lagniappe/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_PATH_BYTES 600

/* ---- keys ------------------------------------------------------------------------- */

static const char *const key_names[] = {"signing", "master", "mac"};

static uint8_t *key_of(struct lgp_keys *keys, size_t i)
{
	uint8_t *const all[] = {keys->signing_seed, keys->master, keys->mac};
	return all[i];
}

static enum lgp_status io_fault(const char *path)
{
	return lgp_fault(errno == ENOENT   ? LGP_MISSING
	                 : errno == EEXIST ? LGP_EXISTS
	                                   : LGP_IO,
	                 "%s: %s", path, strerror(errno));
}

enum lgp_status lgp_directory_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum lgp_status status = fd >= 0 && fsync(fd) == 0 ? LGP_OK : io_fault(path);
	if (fd >= 0)
		(void)close(fd);
	return status;
}

static enum lgp_status write_key(const char *path, const uint8_t key[LGP_KEY_LEN])
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return io_fault(path);
	bool good = write(fd, key, LGP_KEY_LEN) == LGP_KEY_LEN && fsync(fd) == 0;
	enum lgp_status status = good ? LGP_OK : io_fault(path);
	(void)close(fd);
	return status;
}

enum lgp_status lgp_keys_create(const char *dir, const struct lgp_keys *keys)
{
	char path[KEY_PATH_BYTES];
	snprintf(path, sizeof path, "%s/keys", dir);
	if (mkdir(path, 0700) != 0)
		return io_fault(path);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/keys/%s", dir, key_names[i]);
		enum lgp_status status =
		        write_key(path, key_of((struct lgp_keys *)(uintptr_t)keys, i));
		if (status != LGP_OK)
			return status;
	}
	snprintf(path, sizeof path, "%s/keys", dir);
	return lgp_directory_sync(path);
}

static enum lgp_status read_key(const char *path, uint8_t key[LGP_KEY_LEN])
{
	uint8_t bytes[LGP_KEY_LEN + 1];
	struct stat info;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return io_fault(path);
	enum lgp_status status = LGP_OK;
	if (fstat(fd, &info) != 0)
		status = io_fault(path);
	else if ((info.st_mode & 077) != 0)
		status = lgp_fault(LGP_INVALID, "%s: others may read it; chmod 600 it", path);
	else if (read(fd, bytes, sizeof bytes) != LGP_KEY_LEN)
		status = lgp_fault(LGP_INVALID, "%s: not a key of %d bytes", path, LGP_KEY_LEN);
	else
		memcpy(key, bytes, LGP_KEY_LEN);
	sodium_memzero(bytes, sizeof bytes);
	(void)close(fd);
	return status;
}

enum lgp_status lgp_keys_load(const char *dir, struct lgp_keys *out)
{
	for (size_t i = 0; i < 3; i++) {
		char path[KEY_PATH_BYTES];
		snprintf(path, sizeof path, "%s/keys/%s", dir, key_names[i]);
		enum lgp_status status = read_key(path, key_of(out, i));
		if (status != LGP_OK)
			return status;
	}
	return LGP_OK;
}

void lgp_keys_wipe(struct lgp_keys *keys)
{
	sodium_memzero(keys, sizeof *keys);
}

/* ---- customer ids -------------------------------------------------------------------- */

/* A block is the number (8 bytes LE) and 8 zero bytes: a made-up id deciphers
 * to zeros there once in 2^64. */
struct lgp_idcipher {
	EVP_CIPHER_CTX *encrypt, *decrypt;
};

static EVP_CIPHER_CTX *cipher_context(const uint8_t key[16], int encrypt)
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	/* One block under a key of its own: ECB is the bare permutation. */
	if (context != NULL &&
	    EVP_CipherInit_ex2(context, EVP_aes_128_ecb(), key, NULL, encrypt, NULL) == 1)
		EVP_CIPHER_CTX_set_padding(context, 0);
	return context;
}

enum lgp_status lgp_idcipher_new(const uint8_t mac_key[LGP_KEY_LEN], struct lgp_idcipher **out)
{
	uint8_t key[16];
	struct lgp_idcipher *cipher = calloc(1, sizeof *cipher);
	if (cipher == NULL)
		return lgp_fault(LGP_NO_MEMORY, "no memory for a cipher");
	const struct lgp_view label = LGP_VIEW("lagniappe customer ids");
	lgp_mac(mac_key, LGP_MAC_CUSTOMER_ID, &label, 1, key);
	cipher->encrypt = cipher_context(key, 1);
	cipher->decrypt = cipher_context(key, 0);
	sodium_memzero(key, sizeof key);
	if (cipher->encrypt == NULL || cipher->decrypt == NULL) {
		lgp_idcipher_free(cipher);
		return lgp_fault(LGP_NO_MEMORY, "OpenSSL: no AES-128 context");
	}
	*out = cipher;
	return LGP_OK;
}

void lgp_idcipher_free(struct lgp_idcipher *cipher)
{
	if (cipher == NULL)
		return;
	EVP_CIPHER_CTX_free(cipher->encrypt);
	EVP_CIPHER_CTX_free(cipher->decrypt);
	free(cipher);
}

static void permute(EVP_CIPHER_CTX *context, const uint8_t in[16], uint8_t out[16])
{
	int len = 0;
	require(EVP_CipherUpdate(context, out, &len, in, 16) == 1 && len == 16);
}

void lgp_customer_id(struct lgp_idcipher *cipher, uint64_t number, char out[LGP_CUSTOMER_ID_LEN])
{
	uint8_t block[16] = {0}, id[16];
	lgp_put_le(block, number, 8);
	permute(cipher->encrypt, block, id);
	out[0] = 'c';
	out[1] = '-';
	lgp_base32_encode16(out + 2, id);
}

enum lgp_status lgp_customer_number(struct lgp_idcipher *cipher, struct lgp_view id,
                                    uint64_t *number)
{
	uint8_t bytes[16], block[16];
	if (id.len != LGP_CUSTOMER_ID_LEN || id.ptr[0] != 'c' || id.ptr[1] != '-' ||
	    lgp_base32_decode16((struct lgp_view){id.ptr + 2, LGP_BASE32_ID_LEN}, bytes) != LGP_OK)
		return LGP_MALFORMED;
	permute(cipher->decrypt, bytes, block);
	if (lgp_get_le(block + 8, 8) != 0)
		return LGP_MISSING;
	*number = lgp_get_le(block, 8);
	return LGP_OK;
}
