#!/bin/sh
# Installs eduops @VERSION@ without internet: sh install.sh [FOLDER]
# FOLDER becomes a virtual environment; by default /opt/eduops for root, else ~/.local/share/eduops-venv. Asks nothing.
# Run again, it installs the same or a newer version into the same folder. PYTHON=/path/to/python3.11 names another one.
set -eu
umask 022

say() {
    printf '%s\n' "$@"
}

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

here=$(cd "$(dirname "$0")" && pwd)
case $(id -u) in
    0) target=${1:-/opt/eduops} ;;
    *) target=${1:-${HOME:?}/.local/share/eduops-venv} ;;
esac

check_files() {
    command -v sha256sum >/dev/null || fail "缺少 sha256sum（coreutils）。" "sha256sum is needed (coreutils)."
    (cd "$here" && sha256sum -c --quiet --strict SHA256SUMS) >&2 || fail \
        "安装包不完整或被改动，没有安装：请重新拷贝整个压缩包。" \
        "The bundle is damaged: copy the archive again. Nothing was installed."
}

check_machine() {
    machine=$(uname -m)
    case " @MACHINES@ " in
        *" $machine "*) ;;
        *) fail "本安装包没有 $machine 的文件，只有：@MACHINES@。" "No wheels for $machine in this bundle." ;;
    esac
    glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2) || glibc=
    case $glibc in
        [0-9]*.[0-9]*) ;;
        *) fail "本机不是 glibc 系统（如 Alpine），不能用本安装包。" "This system has no glibc." ;;
    esac
    major=${glibc%%.*}
    minor=${glibc#*.}
    minor=${minor%%.*}
    if [ "$major" -lt @GLIBC_MAJOR@ ] || { [ "$major" -eq @GLIBC_MAJOR@ ] && [ "$minor" -lt @GLIBC_MINOR@ ]; }; then
        fail "本机 glibc $glibc 太旧，需要 @GLIBC@ 或更新。" "glibc $glibc is too old: @GLIBC@ or newer is needed."
    fi
}

# CPython of a version that the bundle has wheels for.
fits() {
    "$1" -c '
import platform, sys
fits = platform.python_implementation() == "CPython" and "%d.%d" % sys.version_info[:2] in sys.argv[1].split()
sys.exit(not fits)' "@PYTHONS@" 2>/dev/null
}

find_python() {
    candidates=python3
    for one in @PYTHONS@; do candidates="$candidates python$one"; done
    for name in ${PYTHON:-$candidates}; do
        if command -v "$name" >/dev/null && fits "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "没有找到 CPython @PYTHONS@。Debian 12 自带；RHEL 8、9 系：dnf install python3.11；或用 PYTHON=路径 指定。" \
        "CPython @PYTHONS@ was not found; name it with PYTHON=/path/to/python3."
}

make_environment() {
    if [ -e "$target" ] && ! [ -e "$target/pyvenv.cfg" ] && [ -n "$(ls -A "$target" 2>/dev/null)" ]; then
        fail "$target 已有别的内容，没有安装；换一个目录。" "$target holds something else: choose another folder."
    fi
    # An environment of another Python, or one left half-made, is made anew; data lie elsewhere (EDUOPS_HOME).
    if [ -e "$target/pyvenv.cfg" ] && ! { fits "$target/bin/python" && "$target/bin/python" -m pip --version; } \
        >/dev/null 2>&1; then
        rm -rf "$target"
    fi
    if ! [ -e "$target/pyvenv.cfg" ]; then
        "$python" -m venv "$target" >&2 || {
            rm -rf "$target"
            fail "不能建立虚拟环境（Debian：安装 python3-venv）。" "python3-venv is needed."
        }
    fi
}

# Settings of the machine's pip, such as an index or constraints, do not count here.
install() {
    PIP_CONFIG_FILE=/dev/null "$target/bin/python" -m pip --isolated install --quiet --no-index --no-cache-dir \
        --find-links "$here/wheels" --disable-pip-version-check "$@" || fail \
        "安装没有成功；改正上面所说的问题后再运行一次。" "The installation failed; mend it and run this again."
}

check_files
check_machine
python=$(find_python)
say "用 $python 安装到 $target / installing into $target"
make_environment
install --require-hashes -r "$here/requirements.txt"
# By name and version, and anew: a repeated installation also mends what somebody changed.
install --no-deps --force-reinstall "eduops==@VERSION@"
"$target/bin/eduops" --version
say "完成。下一步：" \
    "  $target/bin/eduops init      # 布置数据目录 / lay out the home (EDUOPS_HOME)" \
    "  $target/bin/eduops doctor    # 检查 / look it over" \
    "巡检程序在 $here/agent，拷到目标主机即可运行 / the agent runs from $here/agent on any host"
