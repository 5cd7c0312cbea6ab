#!/bin/sh
# SPDX-License-Identifier: MIT OR Apache-2.0
# Finds out what a goal (build, run, test, ports, check, bench, fuzz) needs that is not here, prints
# it, and installs it through apt where that is possible and allowed.
#
#   scripts/setup.sh GOAL              install what is missing
#   scripts/setup.sh --check GOAL      install nothing, say nothing unless something is missing
#   scripts/setup.sh --list GOAL       print the table of what the goal uses
#   NO_INSTALL=1 scripts/setup.sh GOAL install nothing, print the exact list
#
# Ends with 0 when everything required is here, with 1 when not. What is only wanted never
# fails: the tests that use it say that they skip.
set -eu

usage() {
    echo "usage: scripts/setup.sh [--check|--list] build|run|test|ports|check|bench|fuzz" >&2
    exit 2
}

# goals           level     probe            Debian package   what it is
# A goal also gets the lines of the goals it is made of (see members).
table() {
    cat <<'EOF'
build             required  cmd:gcc          gcc              C compiler
build             required  cmd:g++          g++              C++ compiler: the headers are checked as C++
build             required  cmd:cmake        cmake            build system, 3.22 or newer
build             required  cmd:ninja        ninja-build      runs the build
build             required  cmd:pkg-config   pkg-config       finds libraries
build             required  pc:sqlite3       libsqlite3-dev   SQLite: the fleet's store
build             required  pc:openssl       libssl-dev       OpenSSL: TLS, hashes, signatures
build             required  pc:libcjson      libcjson-dev     cJSON: JSON of the fleet's interfaces
build             wanted    pc:libcares      libc-ares-dev    c-ares: names without a thread for each
build             required  cmd:openssl      openssl          signs the demonstration's firmware images
run               required  cmd:cpio         cpio             packs the demonstration's firmware images
test              wanted    cmd:cpio         cpio             packs the firmware images of the system tests
run,test          wanted    cmd:swupdate     swupdate         stock update client: one of the devices
test,check        required  cmd:python3      python3          static checks and system tests
test,check        required  cmd:clang        clang            second compiler; the core for thumbv7em
test              wanted    cmd:valgrind     valgrind         a run under it must be silent
test              wanted    cmd:curl         curl             the commands of the fleet's guide
test              wanted    pc:libpq         libpq-dev        PostgreSQL's client, called from coroutines
test              wanted    pc:zlib          zlib1g-dev       zlib, called from coroutines
test,check        wanted    cmd:ld.lld       lld              links what clang optimises when linking
test,check        wanted    cmd:objdump      binutils         shows that nothing was inlined
test,check        wanted    cmd:git          git              tells the project's files from others
test,check        wanted    cmd:ctags        universal-ctags  function length report
test,check        wanted    cmd:clang-format clang-format     layout of the code
check             wanted    cmd:clang-tidy   clang-tidy       static analysis
check             wanted    cmd:spin         spin             the model of sleeping and waking
ports             wanted    cmd:qemu-aarch64 qemu-user        runs programs of other processors
ports             wanted    cmd:aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu AArch64
ports             wanted    cmd:arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf ARMv7, hard float
ports             wanted    cmd:riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu RISC-V 64
ports             wanted    file:/usr/aarch64-linux-gnu/include/stdio.h libc6-dev-arm64-cross its C library
ports             wanted    file:/usr/arm-linux-gnueabihf/include/stdio.h libc6-dev-armhf-cross its C library
ports             wanted    file:/usr/riscv64-linux-gnu/include/stdio.h libc6-dev-riscv64-cross its C library
ports             wanted    cmd:musl-gcc     musl-tools       a small C library, linked statically
fuzz              required  cmd:clang        clang            libFuzzer comes with it
bench             wanted    cmd:go           golang-go        the peer to compare with
bench             wanted    cmd:nginx        nginx-light      the peer to compare with
bench             wanted    cmd:wrk          wrk              HTTP load
EOF
}

members() {
    case $1 in
    build) echo "build" ;;
    run | test | ports | check | bench | fuzz) echo "build $1" ;;
    *) usage ;;
    esac
}

# The table's lines of a goal, without their first column.
lines_of() {
    goals=" $(members "$1") "
    table | while read -r goals_of level probe package text; do
        for g in $(echo "$goals_of" | tr , ' '); do
            case $goals in
            *" $g "*)
                echo "$level $probe $package $text"
                break
                ;;
            esac
        done
    done
}

present() {
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 || [ -x "/usr/sbin/${1#cmd:}" ] ||
        { [ "$1" = cmd:go ] && [ -n "$(ls -d /usr/lib/go-*/bin/go 2>/dev/null)" ]; } ;;
    file:*) [ -e "${1#file:}" ] ;;
    pc:*) command -v pkg-config >/dev/null 2>&1 && pkg-config --exists "${1#pc:}" ;;
    esac
}

# Sets missing_required and missing_wanted to lists of packages.
look() {
    missing_required=
    missing_wanted=
    details=
    while read -r level probe package text; do
        if present "$probe"; then continue; fi
        details="$details
  $package ($level): $text"
        case $level in
        required) missing_required="$missing_required $package" ;;
        wanted) missing_wanted="$missing_wanted $package" ;;
        esac
    done <<EOF
$(lines_of "$1")
EOF
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_be_root() {
    [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; }
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null
}

# Package lists are fetched when one of the packages is unknown or the lists are older than a week.
refresh_lists() {
    stale=yes
    if [ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -7 2>/dev/null |
        head -n 1)" ]; then
        stale=no
    fi
    for p in "$@"; do
        case $(apt-cache policy "$p" 2>/dev/null) in
        *"Candidate: (none)"* | "") stale=yes ;;
        esac
    done
    if [ $stale = yes ]; then
        apt update || echo "setup: the package lists could not be refreshed; trying with the old ones"
    fi
}

# Some packages start a daemon when installed; nobody asked for one. Debian's own switch for
# that is a policy file, which is taken away again.
policy=/usr/sbin/policy-rc.d
policy_mine=
keep_daemons_off() {
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
        as_root chmod 755 $policy
        policy_mine=yes
    fi
}
drop_policy() {
    if [ -n "$policy_mine" ]; then as_root rm -f $policy; fi
    policy_mine=
}

install_packages() {
    trap drop_policy EXIT
    trap 'exit 130' INT TERM
    keep_daemons_off
    # shellcheck disable=SC2086 # lists of words
    refresh_lists $missing_required $missing_wanted
    if [ -n "$missing_required" ]; then
        # shellcheck disable=SC2086
        apt install --no-install-recommends $missing_required ||
            echo "setup: apt could not install:$missing_required" >&2
    fi
    for p in $missing_wanted; do
        apt install --no-install-recommends "$p" ||
            echo "setup: $p is not to be had here; what uses it is skipped" >&2
    done
    drop_policy
}

explain() {
    echo "setup: 'make $goal' uses these, which are not here:$details"
}

mode=install
case ${1:-} in
--check | --list)
    mode=${1#--}
    shift
    ;;
esac
[ $# -eq 1 ] || usage
goal=$1
members "$goal" >/dev/null

if [ "$mode" = list ]; then
    lines_of "$goal"
    exit 0
fi
look "$goal"
if [ "$mode" = check ]; then
    [ -z "$missing_required" ] && exit 0
    explain
    echo "setup: scripts/setup.sh $goal installs them (Debian, Ubuntu)"
    exit 1
fi
if [ -z "$missing_required$missing_wanted" ]; then
    exit 0
fi
explain
if [ -n "${NO_INSTALL:-}" ]; then
    echo "setup: NO_INSTALL is set. To install them:"
    echo "  apt-get install --no-install-recommends$missing_required$missing_wanted"
elif ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: this system has no apt. Please install the above with its own package manager;"
    echo "setup: the names are Debian's, elsewhere they are alike (libssl-dev is openssl-devel)."
elif ! may_be_root; then
    echo "setup: installing needs root, and sudo asks for a password here. Please run:"
    echo "  sudo apt-get install --no-install-recommends$missing_required$missing_wanted"
else
    install_packages
    look "$goal"
    if [ -n "$missing_required$missing_wanted" ]; then explain; fi
fi
if [ -n "$missing_required" ]; then
    echo "setup: cannot go on without:$missing_required" >&2
    exit 1
fi
