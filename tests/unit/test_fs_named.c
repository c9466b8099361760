// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * All that test_fs.c asserts, where files cannot be without a name: NFS, FUSE.
 * Such a file system takes O_TMPFILE for the folder itself, and refuses.
 */
#include <fcntl.h>

#undef O_TMPFILE
#define O_TMPFILE O_DIRECTORY
#define EVERY_FILE_HAS_A_NAME

#include "../../user/base/fs.c"
#include "test_fs.c"
