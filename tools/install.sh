#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Called by "make install", which sets the variables.
set -eu

at=$DESTDIR$PREFIX
lib=$DESTDIR$LIBDIR

# Programs link the archive too: only its public names may be seen in it, or
# our log_error() meets theirs.
public_archive() {
	ld -r -o "$BUILD/public.o" --whole-archive "$BUILD/libppbpf.a"
	objcopy --wildcard --keep-global-symbol='ppbpf_*' "$BUILD/public.o"
	rm -f "$BUILD/public.a"
	ar rcs "$BUILD/public.a" "$BUILD/public.o"
}

pkgconfig_file() {
	cat <<-END
	prefix=$PREFIX
	libdir=$LIBDIR
	includedir=\${prefix}/include

	Name: libppbpf
	Description: performance profiling on eBPF: monitor, profile, bench, trace
	Version: $VERSION
	Requires.private: libbpf libelf zlib libdw liblzma yaml-0.1 capstone libmd libprotobuf-c
	Libs: -L\${libdir} -lppbpf
	Libs.private: -liberty -lm -pthread
	Cflags: -I\${includedir}
	END
}

install -d "$at/bin" "$at/include" "$lib/pkgconfig" "$at/share/man/man1" "$at/share/man/man3"
if [ -e "$BUILD/ppbpf" ]; then
	install -m 755 "$BUILD/ppbpf" "$at/bin/"
fi
public_archive
install -m 644 "$BUILD/public.a" "$lib/libppbpf.a"
install -m 755 "$BUILD/libppbpf.so" "$lib/libppbpf.so.$VERSION"
ln -sf "libppbpf.so.$VERSION" "$lib/libppbpf.so.$SOVERSION"
ln -sf "libppbpf.so.$SOVERSION" "$lib/libppbpf.so"
pkgconfig_file >"$lib/pkgconfig/libppbpf.pc"
for header in include/ppbpf.h include/ppbpf_mark.h; do
	[ ! -e "$header" ] || install -m 644 "$header" "$at/include/"
done
for page in docs/man/*.[13]; do
	[ ! -e "$page" ] || install -m 644 "$page" "$at/share/man/man${page##*.}/"
done
