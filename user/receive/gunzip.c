// SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only)
#include "receive/gunzip.h"

#include <errno.h>
#include <zlib.h>

#include "base/buf.h"

#define CHUNK (64 * 1024)
#define EITHER_FORMAT 32	/* added to the window's bits: zlib tells gzip from its own */

static int error_of(int status)
{
	return status == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

/* As much as fits into a chunk. */
static int inflate_some(z_stream *z, size_t max, struct buf *out, int *status)
{
	int err = buf__reserve(out, CHUNK);

	if (err)
		return err;
	z->next_out = (Bytef *)out->data + out->length;
	z->avail_out = CHUNK;
	*status = inflate(z, Z_NO_FLUSH);
	if (*status != Z_OK && *status != Z_STREAM_END)
		return error_of(*status);
	out->length += CHUNK - z->avail_out;
	out->data[out->length] = '\0';
	return out->length > max ? -EFBIG : 0;
}

int gunzip(const void *data, size_t length, size_t max, struct buf *out)
{
	z_stream z = { .next_in = (Bytef *)data, .avail_in = length };
	int status = Z_OK, err = 0;

	if (inflateInit2(&z, MAX_WBITS + EITHER_FORMAT) != Z_OK)
		return -ENOMEM;
	max += out->length;
	while (!err && (status != Z_STREAM_END || z.avail_in)) {
		if (status == Z_STREAM_END && inflateReset(&z) != Z_OK)
			err = -EBADMSG;
		else
			err = inflate_some(&z, max, out, &status);
	}
	inflateEnd(&z);
	return err;
}
