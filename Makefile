# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# make run      install what is missing, build, and monitor the machine for 10 s
# make check    install what is missing, build, and run every test
# make help     the other targets
#
# Files are found by where they lie: a new bpf/x.bpf.c, user/room/x.c,
# tests/unit/test_x.c or tests/{house,bpf,cmd}/test_x needs no line here.

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG       ?= clang
LLVM_STRIP  ?= llvm-strip
PKG_CONFIG  ?= pkg-config
PREFIX      ?= /usr/local
LIBDIR      ?= $(PREFIX)/lib
ARGS        ?= monitor --duration 10
WERROR      ?= 1
CFLAGS      ?= -O2 -g
BUILD       := build
VERSION     := $(shell cat VERSION)
SOVERSION   := $(firstword $(subst ., ,$(VERSION)))

# SAN=1 builds the C code once more under the sanitizers; the BPF half is shared.
ifeq ($(SAN),1)
O           := $(BUILD)/san
SANFLAGS    := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
override CFLAGS := -O1 -g
else
O           := $(BUILD)
HARDENING   := -fstack-protector-strong \
               $(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif

# --- what there is to build ---------------------------------------------------

# The always-on subjects are one object, bpf/core.bpf.c, which includes them; any other is its own.
BPF_CORE_SUBJECTS := task sched net block mem cgroup
BPF_SRCS      := $(filter-out $(BPF_CORE_SUBJECTS:%=bpf/%.bpf.c),$(wildcard bpf/*.bpf.c))
BPF_OBJS      := $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o)
SKELS         := $(BPF_SRCS:bpf/%.bpf.c=$(BUILD)/skel/%.skel.h)

LIB_SRCS      := $(filter-out user/cmd/%,$(wildcard user/*/*.c user/*/*/*.c))
CMD_SRCS      := $(wildcard user/main.c user/cmd/*.c)
PROTOS        := $(wildcard proto/*.proto)
PROTO_HEADERS := $(PROTOS:%.proto=$(BUILD)/%.pb-c.h)
LIB_OBJS      := $(LIB_SRCS:%.c=$(O)/obj/%.o) $(PROTOS:%.proto=$(O)/obj/%.pb-c.o)
CMD_OBJS      := $(CMD_SRCS:%.c=$(O)/obj/%.o)
UNIT_SRCS     := $(wildcard tests/unit/test_*.c)
UNIT_BINS     := $(UNIT_SRCS:%.c=$(O)/%)
HELPER_SRCS   := $(wildcard tests/bpf/*.c tests/cmd/*.c tests/overhead/*.c tests/statistics/*.c)
HELPER_BINS   := $(HELPER_SRCS:%.c=$(BUILD)/%) $(BUILD)/tests/vm/loads.so

PROGRAM       := $(if $(wildcard user/main.c),$(O)/ppbpf)
ARCHIVE       := $(O)/libppbpf.a
SHARED        := $(if $(SAN),,$(BUILD)/libppbpf.so)

# --- how ----------------------------------------------------------------------

BPFTOOL       ?= $(shell tools/find-bpftool.sh)
PKGS          := libbpf libelf zlib libdw liblzma yaml-0.1 capstone libmd libprotobuf-c libmicrohttpd libcurl
PKG_CFLAGS    := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS      := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null) -liberty

WARNINGS      := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wformat-security \
                 $(if $(filter 1,$(WERROR)),-Werror)
ALL_CPPFLAGS  := -D_GNU_SOURCE -DPPBPF_VERSION=\"$(VERSION)\" $(HARDENING) \
                 -Iinclude -Iuser -I$(BUILD)/skel -I$(BUILD) $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS    := -std=gnu11 $(WARNINGS) -fPIC -pthread $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS   := -pthread $(SANFLAGS) -Wl,--as-needed $(LDFLAGS)
COMPILE       := $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)
HELPER_CC     := $(CC) -D_GNU_SOURCE -Iinclude -std=gnu11 $(WARNINGS) -O2 -g -pthread

BPF_ARCH      := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_COMPILE   := $(CLANG) -target bpf -g -O2 -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) \
                 -Ivmlinux -Iinclude -Ibpf -Wall -Werror
DEPFLAGS       = -MMD -MP -MF $(@:.o=).d -MT $@

MAKEFLAGS     += --no-builtin-rules --no-print-directory
SUBMAKE        = $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
SUDO          := $(shell test "$$(id -u)" = 0 || command -v sudo)

ifeq ($(V),1)
Q   :=
say :=
else
Q   := @
say  = @$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,printf '  %-6s %s\n' $(1) $(2);)
endif

# A file that changes only when the text does: what depends on it is rebuilt
# after other flags, another compiler or a removed source, and at no other time.
remember = $(shell mkdir -p $(dir $(1)); printf '%s\n' '$(2)' | cmp -s - $(1) || \
             printf '%s\n' '$(2)' > $(1))
ifneq ($(filter-out clean help deps run check format,$(or $(MAKECMDGOALS),all)),)
$(call remember,$(O)/flags,$(COMPILE) $(ALL_LDFLAGS) $(PKG_LIBS))
$(call remember,$(O)/objects,$(LIB_OBJS) $(CMD_OBJS))
$(call remember,$(BUILD)/bpf/flags,$(BPF_COMPILE))

MISSING := $(if $(shell command -v $(CC)),,$(CC)) $(if $(shell command -v $(CLANG)),,$(CLANG)) \
           $(if $(BPFTOOL),,bpftool) $(if $(shell command -v protoc-c),,protoc-c) \
           $(shell $(PKG_CONFIG) --exists $(PKGS) || for lib in $(PKGS); do \
             $(PKG_CONFIG) --exists $$lib || echo $$lib; done)
endif

.PHONY: all deps run check check-vm kernels unit-programs test-programs overhead fuzz fuzz-programs \
        check-statistics install tidy format clean help missing FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(SKELS) $(PROGRAM) $(ARCHIVE) $(SHARED)

$(O)/flags $(O)/objects $(BUILD)/bpf/flags:
	@mkdir -p $(@D) && touch $@

ifneq ($(strip $(MISSING)),)
$(LIB_OBJS) $(CMD_OBJS) $(BPF_OBJS) $(UNIT_BINS): | missing
missing:
	@echo "not found: $(strip $(MISSING)); 'make deps' installs what is needed" >&2; exit 1
endif

# --- BPF ----------------------------------------------------------------------

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BUILD)/bpf/flags
	$(call say,BPF,$*.bpf.o)mkdir -p $(@D) && $(BPF_COMPILE) $(DEPFLAGS) -c $< -o $@ && \
		$(LLVM_STRIP) -g $@

# clang-tidy has nothing to say about what bpftool writes.
$(BUILD)/skel/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$*.skel.h)mkdir -p $(@D) && { echo '/* NOLINTBEGIN */' && \
		$(BPFTOOL) gen skeleton $< name $*_bpf && echo '/* NOLINTEND */'; } > $@

# --- C ------------------------------------------------------------------------

# What protoc-c writes is not ours to warn about.
$(BUILD)/proto/%.pb-c.c $(BUILD)/proto/%.pb-c.h: proto/%.proto
	$(call say,PROTO,$*.proto)mkdir -p $(@D) && protoc-c --c_out=$(BUILD) $<

$(O)/obj/proto/%.o: $(BUILD)/proto/%.c $(O)/flags
	$(call say,CC,proto/$*.o)mkdir -p $(@D) && $(COMPILE) -w $(DEPFLAGS) -c $< -o $@

# The page that a profile is put into is part of the object; no compiler lists it.
$(O)/obj/user/sink/profile_assets.o: $(wildcard user/sink/flame/*)
$(O)/obj/user/sink/trace_assets.o: $(wildcard user/sink/waterfall/*)

# Order-only: the first build makes the generated headers first; later, the
# dependency files know who includes which.
$(O)/obj/%.o: %.c $(O)/flags | $(SKELS) $(PROTO_HEADERS)
	$(call say,CC,$*.o)mkdir -p $(@D) && $(COMPILE) $(DEPFLAGS) -c $< -o $@

$(ARCHIVE): $(LIB_OBJS) $(O)/objects
	$(call say,AR,libppbpf.a)rm -f $@ && $(AR) rcs $@ $(LIB_OBJS)

$(BUILD)/libppbpf.so: $(LIB_OBJS) $(O)/objects tools/libppbpf.map
	$(call say,LD,libppbpf.so)$(CC) -shared $(ALL_LDFLAGS) -Wl,-z,defs -Wl,-soname,libppbpf.so.$(SOVERSION) \
		-Wl,--version-script=tools/libppbpf.map -o $@ $(LIB_OBJS) $(PKG_LIBS) -lm

$(O)/ppbpf: $(CMD_OBJS) $(ARCHIVE)
	$(call say,LD,ppbpf)$(CC) $(ALL_LDFLAGS) -o $@ $(CMD_OBJS) $(ARCHIVE) $(PKG_LIBS) -lm

# --- tests --------------------------------------------------------------------

$(O)/tests/unit/%: tests/unit/%.c $(ARCHIVE)
	$(call say,TEST,unit/$*)mkdir -p $(@D) && $(COMPILE) $(DEPFLAGS) $(ALL_LDFLAGS) \
		-o $@ $< $(ARCHIVE) $(PKG_LIBS) -lcmocka -lcjson -lm

# Drivers of the library's rooms that no command shows alone.
$(BUILD)/tests/bpf/driver_%: tests/bpf/driver_%.c $(ARCHIVE) $(O)/flags
	$(call say,TEST,bpf/driver_$*)mkdir -p $(@D) && $(COMPILE) $(DEPFLAGS) $(ALL_LDFLAGS) \
		-o $@ $< $(ARCHIVE) $(PKG_LIBS) -lm

$(BUILD)/tests/%: tests/%.c
	$(call say,TEST,$*)mkdir -p $(@D) && $(HELPER_CC) $(DEPFLAGS) -o $@ $< -lm

$(BUILD)/tests/vm/%.so: tests/vm/%.c
	$(call say,TEST,vm/$*)mkdir -p $(@D) && $(HELPER_CC) -fPIC -shared $(DEPFLAGS) -o $@ $< -lbpf

unit-programs: $(UNIT_BINS)
test-programs: $(UNIT_BINS) $(HELPER_BINS)

TEST_ENV = PYTHONDONTWRITEBYTECODE=1 PPBPF=$(abspath $(BUILD)/ppbpf) BUILD=$(abspath $(BUILD)) CC='$(CC)'

deps:
	$(Q)tools/deps.sh

run:
	$(Q)tools/deps.sh build
	$(Q)+$(SUBMAKE) all
	$(call say,RUN,'build/ppbpf $(subst ','\'',$(ARGS))')$(SUDO) $(BUILD)/ppbpf $(ARGS)

check:
	$(Q)tools/deps.sh
	$(Q)+$(SUBMAKE) all test-programs
	$(Q)+$(SUBMAKE) SAN=1 unit-programs
	$(Q)$(TEST_ENV) tools/check.sh $(T)

# KERNEL=6.1, /boot/vmlinuz-VERSION or host; MODULES=/lib/modules/VERSION if they are elsewhere.
check-vm: all test-programs
	$(Q)$(TEST_ENV) MODULES='$(MODULES)' tests/vm/run $(KERNEL)

kernels: all test-programs
	$(Q)$(TEST_ENV) tests/vm/run --update

overhead: all test-programs
	$(Q)if [ -x tests/overhead/run ]; then $(TEST_ENV) tests/overhead/run; \
		else echo "tests/overhead/run is not there" >&2; exit 1; fi

# Each fuzz target, a minute each; what it finds goes to its corpus, which the unit tests
# run again. FUZZ=cfi for one of them.
FUZZ         ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
FUZZ_OBJS    := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(wildcard user/base/*.c user/model/*.c \
                  user/symbol/*.c user/store/*.c user/receive/*.c) \
                  $(filter-out user/sink/profile_%,$(wildcard user/sink/*.c)))
FUZZ_COMPILE := $(CLANG) $(ALL_CPPFLAGS) -std=gnu11 -g -O1 -pthread \
                -fsanitize=address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz/user/%.o: user/%.c
	$(Q)mkdir -p $(@D) && $(FUZZ_COMPILE) -fsanitize=fuzzer-no-link $(DEPFLAGS) -c -o $@ $<

$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(FUZZ_OBJS)
	$(call say,FUZZ,$*)mkdir -p $(@D) && $(FUZZ_COMPILE) -fsanitize=fuzzer \
		-o $@ $< $(FUZZ_OBJS) $(PKG_LIBS) -lm

fuzz-programs: $(FUZZ:%=$(BUILD)/fuzz/%)

fuzz: fuzz-programs
	$(Q)for target in $(FUZZ); do \
		mkdir -p $(BUILD)/fuzz/new/$$target; \
		$(BUILD)/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
			-artifact_prefix=tests/fuzz/corpus/$$target/ $(BUILD)/fuzz/new/$$target \
			tests/fuzz/corpus/$$target || exit 1; done

# How often comparisons of benchmarks err, live: takes minutes, COUNT=30 fewer.
check-statistics: all test-programs
	$(Q)$(TEST_ENV) tests/statistics/run

# --- the rest -----------------------------------------------------------------

install: all
	$(Q)PREFIX='$(PREFIX)' LIBDIR='$(LIBDIR)' DESTDIR='$(DESTDIR)' BUILD='$(BUILD)' \
		VERSION='$(VERSION)' SOVERSION='$(SOVERSION)' CC='$(CC)' tools/install.sh

tidy: $(SKELS) $(PROTO_HEADERS)
	$(Q)clang-tidy --quiet $(LIB_SRCS) $(CMD_SRCS) -- $(ALL_CPPFLAGS) -std=gnu11

format:
	$(Q)git ls-files '*.c' '*.h' ':!vmlinux' | xargs clang-format -i

clean:
	$(Q)rm -rf $(BUILD)

help:
	@sed 's/^  //' tools/help.txt

# What has no dependency file yet is built again: nothing else is known of its headers.
OBJS     := $(LIB_OBJS) $(CMD_OBJS) $(BPF_OBJS)
BINS     := $(UNIT_BINS) $(HELPER_BINS)
HAS_DEPS := $(wildcard $(OBJS:.o=.d) $(BINS:=.d) $(FUZZ_OBJS:.o=.d))
$(filter-out $(HAS_DEPS:.d=.o) $(HAS_DEPS:.d=),$(OBJS) $(BINS)): FORCE
FORCE:
-include $(HAS_DEPS)
